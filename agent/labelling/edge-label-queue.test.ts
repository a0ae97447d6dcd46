import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Database, openDatabase } from '../../lib/database/index.ts'
import type { EdgeloopEvent } from '../../lib/events/index.ts'
import { encodeFloat16 } from '../../lib/float16/index.ts'
import type { LabelQueue } from '../../lib/labelling/index.ts'
import { createSpool, type Spool } from '../../lib/spool/index.ts'
import { BACKBONE, hashOf, temporaryDirectory } from '../../test/support/index.ts'
import { type Delivery, deliverySchema, isEvent } from '../connector/index.ts'
import { createDecisionIndex, type DecisionIndex } from '../decision-index/index.ts'
import { createPhotoStore } from '../photo-store/index.ts'
import { createEdgeLabelQueue, createLabelBook, type LabelBook } from './index.ts'

const MINUTE = 60_000

let temporary: Awaited<ReturnType<typeof temporaryDirectory>>
let database: Database
let decisions: DecisionIndex
let book: LabelBook
let spool: Spool<Delivery>
let queue: LabelQueue
let now: number
/** Of the model that serves; undefined where they cannot be read. */
let modelLabels: string[] | undefined
/** Whether a function is here that takes answers to the cloud. */
let deployed: boolean

beforeEach(async () => {
  temporary = await temporaryDirectory('edge-queue')
  now = Date.UTC(2026, 0, 1)
  modelLabels = ['ant', 'bee']
  deployed = true
  await open()
})
afterEach(async () => {
  await database.close()
  await temporary.remove()
})

async function open() {
  database = await openDatabase(path.join(temporary.directory, 'database'))
  decisions = createDecisionIndex(database)
  book = createLabelBook(database, { clock: () => now })
  spool = createSpool(database, 'events', deliverySchema)
  queue = createEdgeLabelQueue({
    ...{ edge: 'edge-1', dataset: 'photos', database, book, decisions },
    photos: await createPhotoStore(path.join(temporary.directory, 'photos')),
    modelLabels: async () => modelLabels,
    publishSync(event) {
      if (deployed) spool.enqueueSync({ queue: 'upload-sample', key: event.id, payload: event })
      return deployed ? 1 : 0
    },
    clock: () => now,
  })
}

interface Waiting {
  confidence?: number
  audit?: boolean
  /** Where its features point, in degrees of a plane. */
  degrees?: number
}

/** @returns the photo */
async function add(
  name: string,
  { confidence = 0.5, audit = false, degrees }: Waiting = {}
): Promise<string> {
  const photo = hashOf(name)
  const angle = degrees === undefined ? undefined : (degrees * Math.PI) / 180
  await database.transaction(() => {
    decisions.recordSync({
      ...{ photo, perceptualHash: null, outcome: 'review', reason: '', modelVersion: 1, audit },
      features: angle === undefined ? null : encodeFloat16(Float32Array.of(Math.cos(angle), Math.sin(angle))),
      backbone: BACKBONE,
    })
    book.askSync({
      ...{ photo, edge: 'edge-1', device: 'pi', mediaType: 'image/jpeg', size: 1, audit },
      prediction: {
        model: { name: 'photos', version: 1 },
        labels: [
          { label: 'ant', score: confidence },
          { label: 'bee', score: 1 - confidence },
        ],
        confidence,
      },
    })
  })
  return photo
}
const claim = async (by: string, count = 1) => (await queue.claim(by, { count })).map(({ photo }) => photo)
const answer = (photo: string, by: string, label: string | null, isNew = false) =>
  queue.answer({ photo, by, label, isNew })
/** What is on its way to the cloud. */
const sent = () =>
  spool.list('upload-sample', { limit: 1000 }).flatMap(({ payload }) => (isEvent(payload) ? [payload] : []))

describe('an answer', () => {
  it('is on disk with the event that carries it, or not at all', async () => {
    const photo = await add('a', { audit: true })
    await answer(photo, 'ana', 'bee')
    expect(sent()).toMatchObject([
      {
        type: 'sample.labelled',
        source: 'edges/edge-1/people',
        data: {
          ...{ edge: 'edge-1', photo, dataset: 'photos', audit: true, predicted: 'ant' },
          ...{ by: 'ana', at: '2026-01-01T00:00:00.000Z', label: 'bee', among: ['ant', 'bee'] },
        },
      },
    ])
    deployed = false
    await expect(answer(await add('b'), 'ana', 'bee')).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      hint: expect.stringContaining('deploy upload-sample'),
    })
    await expect(queue.undo('ana')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect([book.isAnswered(photo), book.isAnswered(hashOf('b')), sent().length]).toEqual([true, false, 1])
    deployed = true
    expect(await queue.undo('ana')).toBe(photo)
  })

  it('that is taken back or replaced is later than what it replaces, however the clock is set', async () => {
    const photo = await add('a')
    await answer(photo, 'ana', 'bee')
    now -= 60 * MINUTE
    expect(await queue.undo('ana')).toBe(photo)
    await answer(photo, 'ana', 'ant')
    await answer(photo, 'ana', null)
    const events = sent() as EdgeloopEvent<'sample.labelled' | 'sample.unlabelled'>[]
    expect(events.map(({ type }) => type)).toEqual([
      'sample.labelled',
      'sample.unlabelled',
      'sample.labelled',
      'sample.labelled',
    ])
    const moments = events.map(({ data }) => Date.parse(data.at) - Date.UTC(2026, 0, 1))
    expect(moments).toEqual([0, 1, 2, 3])
    expect(new Set(events.map(({ id }) => id)).size).toBe(4)
  })

  it('of somebody in the cloud counts here, too, once it is heard of', async () => {
    const photo = await add('a')
    await answer(photo, 'ana', 'bee')
    const theirs = { by: 'ben', at: new Date(now).toISOString(), label: 'ant', among: ['ant', 'bee'] }
    const learn = () =>
      database.transaction(() => book.learnSync(photo, [...book.said(book.photo(photo)!).answers, theirs]))
    await learn()
    await learn()
    expect(await queue.state()).toMatchObject({ waiting: 1, answered: 1, disputed: 1 })
    expect(await queue.claim('cho')).toMatchObject([{ photo, second: true }])
    expect(await claim('ben')).toEqual([])
  })
})

describe('what is asked first', () => {
  it('is what measures, in the order of the hash, then what is least certain and least like the others', async () => {
    const twins = [
      await add('a', { confidence: 0.4, degrees: 0 }),
      await add('b', { confidence: 0.41, degrees: 1 }),
    ]
    const other = await add('c', { confidence: 0.6, degrees: 90 })
    const audits = [await add('d', { audit: true, confidence: 0.9 }), await add('e', { audit: true })]
    expect(await claim('ana', 5)).toEqual([...audits.sort(), twins[0], other, twins[1]])
  })

  it('is nothing like what was answered just now', async () => {
    const seen = await add('seen', { degrees: 0, confidence: 0.3 })
    await answer(seen, 'ana', 'ant')
    await add('alike', { degrees: 2, confidence: 0.4 })
    const different = await add('different', { degrees: 80, confidence: 0.7 })
    expect(await claim('ana')).toEqual([different])
  })

  it('is whatever waits where more have been skipped than there are candidates', async () => {
    for (let i = 0; i < 130; i++) await queue.skip(await add(`skipped ${i}`, { confidence: 0.3 }), 'ana')
    const left = await add('left', { confidence: 0.9 })
    expect(await claim('ana', 3)).toEqual([left])
    expect(await claim('ben', 3)).toHaveLength(3)
  })
})

describe('the labels on offer', () => {
  it('are the serving model’s and those that people gave; a model that knows more asks about "neither" again', async () => {
    const photo = await add('a')
    await answer(photo, 'ana', null)
    expect(await queue.state()).toMatchObject({ waiting: 0, neither: 1, labels: ['ant', 'bee'] })
    modelLabels = ['ant', 'bee', 'cat']
    expect(await queue.state()).toMatchObject({ waiting: 1, answered: 0, labels: ['ant', 'bee', 'cat'] })
    await answer(photo, 'ana', 'dog', true)
    expect((await queue.state()).labels).toEqual(['ant', 'bee', 'cat', 'dog'])
    // A slip leaves nothing.
    await queue.undo('ana')
    expect((await queue.state()).labels).toEqual(['ant', 'bee', 'cat'])
  })

  it('stay while the model’s cannot be read, also after a restart', async () => {
    await queue.state()
    modelLabels = undefined
    await database.close()
    await open()
    expect((await queue.state()).labels).toEqual(['ant', 'bee'])
  })
})

describe('a claim', () => {
  it('holds for ten minutes, and not for longer when the clock is set back', async () => {
    const photo = await add('a')
    expect(await claim('ana')).toEqual([photo])
    now += 9 * MINUTE
    expect(await claim('ben')).toEqual([])
    now -= 60 * MINUTE
    expect(await claim('ben')).toEqual([photo])
    now += 11 * MINUTE
    expect(await claim('cho')).toEqual([photo])
  })

  it('of what was just taken back comes before those that somebody has besides', async () => {
    const photos = [await add('a'), await add('b'), await add('c')]
    const [first, ...others] = await claim('ana', 3)
    await answer(first!, 'ana', 'ant')
    expect(await queue.undo('ana')).toBe(first)
    expect(await claim('ana', 3)).toEqual([first, ...others])
    expect(photos).toHaveLength(3)
  })
})

it('takes back a hundred answers of a person, and no more than they gave', async () => {
  for (let i = 0; i < 103; i++) await answer(await add(`photo ${i}`), 'ana', 'ant')
  let undone = 0
  while (await queue.undo('ana')) undone++
  expect(undone).toBe(100)
})
