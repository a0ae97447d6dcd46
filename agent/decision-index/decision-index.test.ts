import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Database, openDatabase } from '../../lib/database/index.ts'
import { encodeFloat16 } from '../../lib/float16/index.ts'
import { createRandom } from '../../lib/random/index.ts'
import { createHashRing } from './hash-ring.ts'
import { createDecisionIndex, type DecisionIndex, type NewDecision } from './index.ts'

const photo = (name: string | number) => createHash('sha256').update(String(name)).digest('hex')
const vector = (...numbers: number[]) => encodeFloat16(Float32Array.from(numbers))
const perceptualHash = '00000000000000ff'
const decision = (name: string | number, more: Partial<NewDecision> = {}): NewDecision => ({
  photo: photo(name),
  perceptualHash,
  features: null,
  outcome: 'accepted',
  reason: 'confident',
  modelVersion: 3,
  audit: false,
  ...more,
})
let directory: string
let database: Database
let index: DecisionIndex
const reopen = async (recent?: number) => {
  await database?.close()
  database = await openDatabase(directory)
  index = createDecisionIndex(database, { recent })
}

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'edgeloop-decisions-'))
  await reopen()
})
afterEach(async () => {
  await database.close()
  await rm(directory, { recursive: true, force: true })
})

describe('the first decision', () => {
  it('stands, also against one of the same moment and after a restart', async () => {
    const features = vector(1, 0.5)
    const [one, two] = await Promise.all([
      index.record(decision('a', { features })),
      index.record(decision('a', { outcome: 'rejected', reason: 'duplicate' })),
    ])
    expect([one.first, two.first]).toEqual([true, false])
    expect(two.decision).toMatchObject({ outcome: 'accepted', sequence: 1, uploaded: false })
    await reopen()
    const again = index.firstDecision(photo('a'))!
    expect(again).toMatchObject({ outcome: 'accepted', reason: 'confident', modelVersion: 3 })
    expect([...again.features!]).toEqual([...features])
    expect(index.firstDecision(photo('b'))).toBeUndefined()
  })

  it('is recorded with whatever else the transaction does, or not at all', async () => {
    const step = database.transaction(() => {
      index.recordSync(decision('a'))
      throw new Error('no')
    })
    await expect(step).rejects.toThrow('no')
    expect(index.firstDecision(photo('a'))).toBeUndefined()
    expect(index.neighbours({ perceptualHash })).toEqual([])
    expect(index.counters().accepted).toBe(0)
  })

  it.each([
    ['photo', { photo: 'nonsense' }],
    ['perceptualHash', { perceptualHash: 'ABC' }],
    ['outcome', { outcome: 'maybe' as 'dead' }],
  ])('needs a proper %s', async (where, wrong) => {
    await expect(index.record(decision('a', wrong))).rejects.toMatchObject({ code: 'INVALID_INPUT', where })
  })
})

describe('counters', () => {
  it('count each photo once, whatever is repeated, and survive a restart', async () => {
    await index.captured(photo('a'), 100)
    await index.captured(photo('a'), 100)
    await index.captured(photo('b'), 50)
    await index.record(decision('a', { outcome: 'review', audit: true }))
    await index.record(decision('a', { outcome: 'review' }))
    await index.record(decision('b', { outcome: 'dead', modelVersion: null, perceptualHash: null }))
    expect(await index.uploaded(photo('a'), 70)).toBe(true)
    expect(await index.uploaded(photo('a'), 70)).toBe(false)
    expect(await index.uploaded(photo('c'), 70)).toBe(false)
    await reopen()
    expect(index.counters()).toEqual({
      captured: 2,
      accepted: 0,
      review: 1,
      rejected: 0,
      deadLettered: 1,
      uploaded: 1,
      bytesCaptured: 150,
      bytesUploaded: 70,
    })
    expect(index.firstDecision(photo('a'))).toMatchObject({ uploaded: true, bytesUploaded: 70, audit: true })
  })

  it('agree with what each photo ended as, in any order of events', async () => {
    const photos = fc.nat(5)
    const outcomes = fc.constantFrom('accepted', 'review', 'rejected', 'dead' as const)
    const events = fc.array(fc.tuple(photos, fc.oneof(outcomes, fc.constantFrom('upload', 'revive'))))
    let run = 0
    await fc.assert(
      fc.asyncProperty(events, async (list) => {
        const before = index.counters()
        const prefix = `${run++}-`
        const ended = new Map<string, string>()
        for (const [number, what] of list) {
          const name = prefix + number
          if (what === 'upload') await index.uploaded(photo(name), 1)
          else if (what === 'revive') {
            const revived = await database.transaction(() => index.reviveSync(photo(name)))
            expect(revived).toBe(ended.get(name) === 'dead')
            if (revived) ended.delete(name)
          } else {
            const outcome = what as NewDecision['outcome']
            const { first } = await index.record(decision(name, { outcome }))
            expect(first).toBe(!ended.has(name))
            if (first) ended.set(name, what)
          }
        }
        const now = index.counters()
        const count = (outcome: string) => [...ended.values()].filter((value) => value === outcome).length
        expect([
          now.accepted - before.accepted,
          now.review - before.review,
          now.rejected - before.rejected,
          now.deadLettered - before.deadLettered,
        ]).toEqual(['accepted', 'review', 'rejected', 'dead'].map(count))
      }),
      { numRuns: 50 }
    )
  })
})

describe('neighbours', () => {
  it('are the nearest, of equally near ones the latest, with the similarity of their features', async () => {
    const features = vector(1, 0)
    await index.record(decision('far', { perceptualHash: 'ffffffffffffffff' }))
    await index.record(decision('near', { perceptualHash: '00000000000000fe', features: vector(0, 2) }))
    await index.record(decision('older', { features: vector(2, 0) }))
    await index.record(decision('newer', { features: vector(1, 1, 1), outcome: 'rejected' }))
    await index.record(decision('dead', { outcome: 'dead' }))
    const expected = [
      {
        photo: photo('newer'),
        sequence: 4,
        distance: 0,
        similarity: null,
        alignment: null,
      },
      {
        photo: photo('older'),
        sequence: 3,
        distance: 0,
        similarity: 1,
        alignment: null,
      },
      { photo: photo('near'), sequence: 2, distance: 1, similarity: 0, alignment: null },
    ]
    const look = () => index.neighbours({ perceptualHash, features })
    expect(look()).toEqual(expected)
    await reopen()
    expect(look()).toEqual(expected)
    expect(index.neighbours({ perceptualHash, features }, { limit: 1, except: photo('newer') })).toEqual([
      expected[1],
    ])
    expect(index.neighbours({ perceptualHash }, { maxDistance: 0, limit: 1 })[0]!.similarity).toBeNull()
  })

  it('do not compare features of different backbones', async () => {
    await index.record(decision('a', { features: vector(1), backbone: 'x' }))
    const similarity = (backbone: string) =>
      index.neighbours({ perceptualHash, features: vector(1) }, { backbone })[0]!.similarity
    expect([similarity('x'), similarity('y')]).toEqual([1, null])
  })

  it('come from the recent decisions only; the decisions themselves stay', async () => {
    await reopen(3)
    for (let i = 1; i <= 5; i++) await index.record(decision(i, { features: vector(i) }))
    const sequences = () => index.neighbours({ perceptualHash }).map(({ sequence }) => sequence)
    expect(sequences()).toEqual([5, 4, 3])
    await reopen(3)
    expect(sequences()).toEqual([5, 4, 3])
    expect(index.firstDecision(photo(1))).toMatchObject({ outcome: 'accepted', features: null })
    expect(index.firstDecision(photo(5))!.features).not.toBeNull()
  })

  it('are none that were turned away for want of room, or that repeat another one', async () => {
    for (const code of ['budget', 'enough', 'duplicate', 'foreign'])
      await index.record(decision(code, { outcome: 'rejected', code }))
    expect(index.neighbours({ perceptualHash }).map(({ photo: hash }) => hash)).toEqual([photo('foreign')])
  })

  it('of a revived photo are those of its new decision', async () => {
    await index.record(decision('a', { outcome: 'dead' }))
    await database.transaction(() => index.reviveSync(photo('a')))
    await index.record(decision('a'))
    expect(index.neighbours({ perceptualHash })).toMatchObject([{ photo: photo('a'), sequence: 2 }])
  })
})

describe('parts of a picture', () => {
  /** A wide picture; what is seen of it begins at some column. */
  const wide = createRandom('wide')
  const columns = Array.from({ length: 64 }, () => Array.from({ length: 32 }, () => wide.integer(256)))
  const seenFrom = (x: number) =>
    Uint8Array.from({ length: 1024 }, (_, i) => columns[x + (i % 32)]![Math.floor(i / 32)]!)
  const numbers = Array.from({ length: 200 }, () => wide.between(0, 2))
  const features = vector(...numbers)
  const nearly = vector(...numbers.map((value) => value + wide.normal(0, 0.1)))
  const elsewhere = vector(...numbers.toReversed())

  it('are neighbours by features and thumbnails, however far their hashes are', async () => {
    await index.record(
      decision('whole', { features, thumbnail: seenFrom(0), perceptualHash: 'ffffffffffffff00' })
    )
    const look = { perceptualHash, features: nearly, thumbnail: seenFrom(2) }
    const find = () => index.neighbours(look)
    expect(find()).toMatchObject([{ photo: photo('whole'), distance: 64 }])
    expect(find()[0]!.similarity).toBeGreaterThan(0.95)
    expect(find()[0]!.alignment).toBeGreaterThan(0.99)
    await reopen()
    expect(find()).toHaveLength(1)
    expect(index.neighbours({ ...look, features: elsewhere })).toEqual([])
    expect(index.neighbours({ ...look, thumbnail: null })).toEqual([])
  })
})

describe('accepted photos', () => {
  const accept = (name: string, label: string, modelVersion: number) =>
    index.record(decision(name, { label, modelVersion }))

  it('are counted by label while a version serves', async () => {
    await accept('a', 'cat', 3)
    await accept('b', 'cat', 3)
    await accept('b', 'cat', 3)
    await accept('c', 'dog', 3)
    await index.record(decision('d', { label: 'dog', outcome: 'review' }))
    await reopen()
    expect(index.accepted(3)).toEqual({ cat: 2, dog: 1 })
    expect(index.accepted(4)).toEqual({})
    await accept('e', 'dog', 4)
    // One that had waited for long, or a model that went back.
    await accept('f', 'cat', 3)
    expect([index.accepted(4), index.accepted(3)]).toEqual([{ dog: 1 }, { cat: 3, dog: 1 }])
    for (const version of [5, 6, 7, 8]) await accept(`v${version}`, 'cat', version)
    expect([index.accepted(3), index.accepted(4)]).toEqual([{}, { dog: 1 }])
  })
})

it('the hash ring finds what counting bits one by one finds', () => {
  const hash = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
  const hex = (value: bigint) => value.toString(16).padStart(16, '0')
  const bits = (value: bigint) => [...value.toString(2)].filter((bit) => bit === '1').length
  fc.assert(
    fc.property(
      fc.array(hash, { maxLength: 40 }),
      hash,
      fc.nat(64),
      fc.integer({ min: 1, max: 20 }),
      (...all) => {
        const [hashes, wanted, maxDistance, capacity] = all
        const ring = createHashRing(capacity, 64)
        hashes.forEach((value, sequence) => {
          ring.add(sequence, hex(value))
        })
        const expected = hashes
          .map((value, sequence) => ({ sequence, distance: bits(value ^ wanted) }))
          .slice(-capacity)
          .filter(({ distance }) => distance <= maxDistance)
          .sort((a, b) => a.distance - b.distance || b.sequence - a.sequence)
        expect([...ring.nearest(hex(wanted), maxDistance)]).toEqual(expected)
      }
    )
  )
})
