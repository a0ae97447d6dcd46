import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Database, openDatabase } from '../lib/database/index.ts'
import { eventSchema } from '../lib/events/index.ts'
import { photoHash } from '../lib/photo/index.ts'
import { createSpool } from '../lib/spool/index.ts'
import { capturedEvent, temporaryDirectory } from '../test/support/index.ts'
import { openSequences } from './intake/index.ts'
import { type KeptPhotos, openKeptPhotos } from './keep-photos.ts'
import { createDiskBound, type DiskBound, type DiskLimits } from './photo-store/index.ts'

const SIZE = 1000
const bytesOf = (name: string) => Buffer.alloc(SIZE, name)
const hashOf = (name: string) => photoHash(bytesOf(name))
const eventOf = (name: string) => capturedEvent({ hash: hashOf(name), size: SIZE, mediaType: 'image/jpeg' })
const DECISION = { perceptualHash: null, features: null, reason: '', modelVersion: 1, audit: false }

let temporary: Awaited<ReturnType<typeof temporaryDirectory>>
let database: Database
let kept: KeptPhotos
let bound: DiskBound
/** What is left on the disk. */
let free: number
let said: string[]

beforeEach(async () => {
  temporary = await temporaryDirectory('kept-photos')
  await open()
  free = 1e9
  said = []
})
afterEach(async () => {
  await database.close()
  await temporary.remove()
})

async function open(limits?: DiskLimits) {
  database = await openDatabase(path.join(temporary.directory, 'database'))
  kept = await openKeptPhotos(database, path.join(temporary.directory, 'photos'), limits)
}

function limit(limits: DiskLimits) {
  bound = createDiskBound({
    ...{ database, limits, photos: kept.photos, ledger: kept.ledger },
    spaceAt: () => ({ free, total: 1e9 }),
    say: (sentence) => said.push(sentence),
  })
}

let sequence = 0
/** A photo as the intake takes it. */
async function take(name: string) {
  await bound.store(SIZE, () => kept.photos.put(bytesOf(name)))
  await database.transaction(() => {
    kept.decisions.capturedSync(hashOf(name), SIZE)
    kept.ledger.keepSync(hashOf(name), ++sequence)
  })
}
const decide = (name: string, outcome: 'accepted' | 'review' | 'rejected') =>
  kept.decisions.record({ ...DECISION, photo: hashOf(name), outcome })
const here = async (...names: string[]) => {
  const found = await Promise.all(names.map(async (name) => (await kept.photos.has(hashOf(name))) && name))
  return found.filter(Boolean).join(' ')
}

describe('above the mark', () => {
  it('what is done goes first, the oldest of it, then what a person may want to see; the rest stays', async () => {
    limit({ photoBytes: 10 * SIZE })
    for (const name of 'abcdefgh') await take(name)
    await decide('a', 'review')
    await kept.decisions.uploaded(hashOf('a'), 10, false)
    await decide('b', 'review')
    await kept.decisions.uploaded(hashOf('b'), 10, true)
    await decide('c', 'rejected')
    await decide('d', 'accepted')
    await kept.decisions.uploaded(hashOf('d'), 10)
    await decide('e', 'accepted')
    await take('i')
    await bound.settled()
    expect(await here(...'abcdefghi')).toBe('a c d e f g h i')
    for (const name of 'jk') {
      await take(name)
      await bound.settled()
    }
    expect(await here(...'abcdefghijk')).toBe('a e f g h i j k')
    await take('l')
    await bound.settled()
    expect(await here(...'abcdefghijkl')).toBe('e f g h i j k l')
    expect(bound.status()).toEqual({ usedBytes: 8000, limitBytes: 10_000, freeBytes: 1e9, state: 'ok' })
    expect(said).toEqual([])
  })

  it('and near the bound it says so once, then refuses, and says when there is room again', async () => {
    limit({ photoBytes: 10 * SIZE })
    for (const name of 'abcdefghi') await take(name)
    await bound.settled()
    expect(bound.status().state).toBe('high')
    await take('j')
    for (const name of 'kl') await expect(take(name)).rejects.toMatchObject({ code: 'OVERLOADED' })
    expect(bound.status()).toMatchObject({ usedBytes: 10_000, state: 'full' })
    expect(await here(...'abcdefghijkl')).toBe('a b c d e f g h i j')
    expect(said).toEqual([
      expect.stringContaining('nearly full of what is still needed'),
      expect.stringContaining('new ones are refused'),
    ])
    for (const name of 'cba') await decide(name, 'rejected')
    await take('k')
    await bound.settled()
    expect(await here(...'abcdefghijk')).toBe('d e f g h i j k')
    expect(bound.status().state).toBe('ok')
    expect(said.slice(2)).toEqual(['photos: there is room again'])
  })

  it('photos that come at the same time do not take the same room', async () => {
    limit({ photoBytes: 3 * SIZE })
    const results = await Promise.allSettled([...'abcdef'].map(take))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(3)
    expect(kept.photos.bytes()).toBe(3 * SIZE)
  })

  it('of the disk it is the same, whoever has filled it', async () => {
    limit({ minFreeBytes: 100_000 })
    for (const name of 'ab') await take(name)
    await decide('a', 'rejected')
    free = 100_500
    await expect(take('c')).rejects.toMatchObject({ code: 'OVERLOADED' })
    expect(await here('a', 'b')).toBe('b')
    expect(bound.status()).toMatchObject({ freeBytes: 100_500, state: 'full' })
    free = 1e9
    await take('c')
    expect(bound.status().state).toBe('ok')
  })

  it('a disk that refuses to write is full, whatever it says is free', async () => {
    limit({})
    const refuse = () => Promise.reject(Object.assign(new Error('no space left'), { code: 'ENOSPC' }))
    await expect(bound.store(SIZE, refuse)).rejects.toMatchObject({ code: 'OVERLOADED' })
    expect(bound.status().state).toBe('full')
    await expect(bound.store(SIZE, () => Promise.reject(new Error('other')))).rejects.toThrow('other')
    await take('a')
    expect(bound.status().state).toBe('ok')
  })
})

describe('a photo', () => {
  it('stays for as long as a dead letter of it can be replayed, and goes when that is discarded', async () => {
    limit({})
    await take('a')
    const { id } = await kept.spool.enqueue({ queue: 'classify', payload: eventOf('a') })
    await database.transaction(() => {
      kept.spool.burySync(id!, { error: 'never' })
      kept.decisions.recordSync({ ...DECISION, photo: hashOf('a'), outcome: 'dead' })
    })
    expect(kept.ledger.removable(9)).toEqual([])
    await kept.spool.deadLetters.discard(id!)
    expect(kept.ledger.removable(9)).toEqual([hashOf('a')])
  })

  it('whose upload is discarded will never be needed; one whose upload nobody did may be', async () => {
    limit({})
    for (const name of 'ab') {
      await take(name)
      await decide(name, 'accepted')
    }
    const { id } = await kept.spool.enqueue({ queue: 'upload-sample', payload: eventOf('a') })
    await kept.spool.bury(id!, { error: 'never' })
    await kept.spool.deadLetters.discard(id!)
    expect(kept.ledger.removable(9)).toEqual([hashOf('a')])
  })
})

describe('a pinned photo', () => {
  const about = { edge: 'edge-1', device: 'pi', mediaType: 'image/jpeg', size: SIZE, prediction: null }
  const ANSWER = { by: 'ana', at: '2026-01-01T00:00:00.000Z', label: 'cat', among: ['cat'] }

  beforeEach(async () => {
    await database.close()
    const limits = { photoBytes: 10 * SIZE, minFreeBytes: 0 }
    await open(limits)
    limit(limits)
  })

  /** A photo that a person is to look at, and that is uploaded. */
  async function review(name: string, withPhoto: boolean, audit = false) {
    await take(name)
    const photo = hashOf(name)
    await database.transaction(() => {
      kept.decisions.recordSync({ ...DECISION, photo, outcome: 'review', audit })
      kept.book.askSync({ ...about, photo, audit })
    })
    await kept.decisions.uploaded(photo, 10, withPhoto)
  }
  const say = (name: string, answers = [ANSWER]) =>
    database.transaction(() => {
      const found = kept.book.photo(hashOf(name))!
      kept.book.writeSync({ ...kept.book.said(found), answers })
    })
  const waits = (name: string) => kept.book.photo(hashOf(name))?.place != null

  it('stays where it is labelled or an audit, and goes like any other when its answer is taken back', async () => {
    await review('a', false)
    await review('b', true)
    await review('c', true, true)
    expect(kept.ledger.removable(9)).toEqual([hashOf('b'), hashOf('a')])
    for (const name of 'ab') await say(name)
    expect(kept.ledger.removable(9)).toEqual([])
    expect(kept.ledger.pinned()).toEqual({ bytes: 3 * SIZE, maxBytes: 5 * SIZE })
    await say('b', [])
    expect(kept.ledger.removable(9)).toEqual([hashOf('b')])
    expect(kept.ledger.pinned().bytes).toBe(2 * SIZE)
  })

  it('goes when there are too many, those first that the cloud has, and never while others may go', async () => {
    for (const name of 'abcd') await review(name, name > 'b')
    for (const name of 'abcd') await say(name)
    await review('e', false)
    await review('f', true, true)
    await review('g', false)
    await say('g')
    // Six are pinned, of which five may be.
    expect(kept.ledger.removable(9)).toEqual([hashOf('c'), hashOf('e')])
    for (const name of 'hijk') {
      await take(name)
      await decide(name, 'accepted')
      await bound.settled()
    }
    expect(await here(...'abcdefghijk')).toBe('a b d f g h i j k')
    expect([...'abcdefg'].filter(waits).join('')).toBe('f')
    expect(kept.ledger.pinned()).toEqual({ bytes: 5 * SIZE, maxBytes: 5 * SIZE })
    expect(bound.status().state).toBe('high')
    await take('l')
    // What is pinned leaves room for others, and what still waits for its upload has that.
    await expect(take('m')).rejects.toMatchObject({ code: 'OVERLOADED' })
    expect(await here(...'abdfg')).toBe('a b d f g')
  })

  it('that is removed all the same is asked about no more, and what was said stays', async () => {
    await review('a', true)
    await review('b', true)
    await say('a')
    await database.transaction(() => {
      for (const name of 'ab') kept.ledger.forgetSync(hashOf(name))
    })
    expect([kept.book.isAnswered(hashOf('a')), kept.book.photo(hashOf('b'))]).toEqual([true, undefined])
    expect([kept.ledger.pinned().bytes, kept.book.countWaiting()]).toEqual([0, 0])
    await say('a', [])
    expect(waits('a')).toBe(false)
  })
})

describe('at opening', () => {
  it('a file that nobody was told of goes, and every other one stays', async () => {
    limit({})
    await take('a')
    await kept.photos.put(bytesOf('untold'))
    await database.close()
    await open()
    expect(await here('a', 'untold')).toBe('a')
    expect([kept.photos.count(), kept.photos.bytes()]).toEqual([1, SIZE])
  })

  it('of photos from before there was a ledger all stay, and may go by what is known of them', async () => {
    await database.close()
    const older = path.join(temporary.directory, 'older')
    database = await openDatabase(path.join(older, 'database'))
    const spool = createSpool(database, 'events', eventSchema)
    const sequences = openSequences(database)
    for (const name of 'abcd') {
      const folder = path.join(older, 'photos', hashOf(name).slice(0, 2))
      await mkdir(folder, { recursive: true })
      await writeFile(path.join(folder, hashOf(name)), bytesOf(name))
    }
    await spool.enqueue({ queue: 'classify', payload: eventOf('b') })
    const { id } = await spool.enqueue({ queue: 'other', payload: eventOf('a') })
    await spool.bury(id!, { error: 'never' })
    await database.transaction(() => {
      for (const [index, name] of [...'cba'].entries()) sequences.putSync(hashOf(name), index + 1)
    })
    kept = await openKeptPhotos(database, path.join(older, 'photos'))
    for (const name of 'abcd') await decide(name, 'rejected')
    expect(kept.ledger.removable(9)).toEqual([hashOf('d'), hashOf('c')])
    expect(kept.photos.count()).toBe(4)
    await kept.spool.deadLetters.discard(id!)
    expect(kept.ledger.removable(9)).toEqual([hashOf('d'), hashOf('c'), hashOf('a')])
  })
})
