import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import * as triggerRetrain from '../../functions/trigger-retrain/handler.ts'
import { labelledPhotos, labelSet, peopleAnswers, runStore, sampleStore } from '../../lib/dataset/index.ts'
import { createEvent, type EdgeloopEvent, readEventResponse } from '../../lib/events/index.ts'
import { BACKBONE, type Bucket, hashOf, openBucket, sampleOf, serveFunction } from '../support/index.ts'

let bucket: Bucket

beforeAll(async () => {
  bucket = await openBucket()
})

afterAll(() => bucket.close())

let datasets = 0

/** The function for a dataset of its own. */
async function start(settings: Record<string, string> = {}) {
  const dataset = `dataset-${++datasets}`
  const environment = {
    ...bucket.environment,
    DATASET: dataset,
    MODEL_NAME: 'pets',
    RETRAIN_MIN_NEW: '3',
    RETRAIN_MIN_INTERVAL_SECONDS: '0',
    ...settings,
  }
  const served = await serveFunction(triggerRetrain, environment)
  onTestFinished(() => served.close())
  const samples = sampleStore(bucket.store, dataset)
  const runs = runStore(bucket.store, dataset)
  const uploaded = createEvent('sample.uploaded', 'edges/edge-1/upload-sample', ['x'], {
    ...{ edge: 'edge-1', device: 'camera-1', sequence: 1 },
    photo: { hash: hashOf('x'), size: 1, mediaType: 'image/jpeg' },
    ...{ band: 'accept' as const, dataset, bytes: 1, withPhoto: false },
  })

  const ask = async (headers: Record<string, string> = {}) =>
    outcomeOf(await fetch(served.url, { method: 'POST', headers }))
  return {
    dataset,
    samples,
    runs,
    byPerson: () => ask(),
    bySchedule: () => ask({ 'x-topic': 'cron-function' }),
    byEvent: async (event: EdgeloopEvent = uploaded) => outcomeOf(await served.send(event)),
    put: (name: string, band: 'accept' | 'review', label = 'cat', audit = false) =>
      samples.put({ record: record(name, band, label, audit), features: null, photo: null }),
    /** What somebody says about a photo that the model took for a cat. */
    async answer(name: string, label: string | null, { by = 'ana', audit = false } = {}) {
      const among = await labelSet(bucket.store, dataset).read()
      const about = { photo: hashOf(name), audit, predicted: 'cat' }
      await peopleAnswers(bucket.store, dataset).record(about, {
        ...{ by, label, among, at: new Date().toISOString() },
      })
    },
    seed: (name: string, label: string, collection: 'seed' | 'golden' = 'seed') =>
      labelledPhotos(bucket.store, dataset, collection).put(
        { photo: { hash: hashOf(name), size: 1, mediaType: 'image/jpeg' }, label },
        new Uint8Array(1)
      ),
    /** What the newest run sees, as photo to label and origin. */
    async seen() {
      const { run } = (await runs.latest())!
      const { items } = await runs.getSnapshot(run.snapshot)
      return Object.fromEntries(items.map((item) => [item.photo, `${item.label}, ${item.origin}`]))
    },
    async fail(run: string) {
      await runs.setStatus(run, { state: 'failed', attempt: 3, error: 'test' })
    },
    async finish(run: string) {
      await runs.setVerdict(run, {
        ...{ dataset, model: 'pets', run, snapshot: 'x', version: 1, channel: 'stable', serving: null },
        judgement: { verdict: 'promote', why: 'test', figures: {} },
      })
    },
  }
}

function record(name: string, band: 'accept' | 'review', label: string, audit: boolean) {
  const { features: _features, uplink: _uplink, ...rest } = sampleOf(name, band)
  const labels = [
    { label, score: 0.97 },
    { label: label === 'cat' ? 'dog' : 'cat', score: 0.03 },
  ]
  const prediction = { ...rest.prediction!, labels }
  return { ...rest, prediction, band, audit, backbone: BACKBONE, withPhoto: false }
}

async function outcomeOf(response: Response) {
  expect(response.status).toBe(200)
  const event = await readEventResponse(response.clone())
  if (event?.type === 'retrain.requested') return { run: event.data.run, data: event.data, id: event.id }
  const { requested, missing } = (await response.json()) as { requested: boolean; missing: string[] }
  expect(requested).toBe(false)
  return { missing: missing.join('; ') }
}

describe('nothing yet, and why', () => {
  it('nothing at all', async () => {
    const { byPerson, bySchedule, byEvent, runs } = await start()
    expect((await byEvent()).missing).toContain('3 more new or newly labelled samples (0 of 3)')
    expect((await byEvent()).missing).toContain('at least two labels (so far: none)')
    expect((await bySchedule()).missing).toContain('(0 of 1)')
    expect((await byPerson()).missing).toBe('samples of at least two labels (so far: none)')
    expect(await runs.ids()).toEqual([])
  })

  it('too few for an event are enough for the schedule', async () => {
    const { put, byEvent, bySchedule } = await start()
    await Promise.all([put('a', 'accept', 'cat'), put('b', 'accept', 'dog')])
    expect((await byEvent()).missing).toBe('1 more new or newly labelled samples (2 of 3)')
    expect((await bySchedule()).run).toBe('000001')
  })

  it('one label only', async () => {
    const { put, byPerson } = await start()
    await Promise.all(['a', 'b', 'c'].map((name) => put(name, 'accept')))
    expect((await byPerson()).missing).toContain('(so far: cat)')
  })

  it('samples that wait for a person do not count until one has answered', async () => {
    const { put, answer, seed, byEvent, seen } = await start()
    await Promise.all(['a', 'b', 'c'].map((name) => put(name, 'review')))
    await seed('s', 'dog')
    expect((await byEvent()).missing).toContain('2 more new or newly labelled samples (1 of 3)')
    await Promise.all([answer('a', 'cat'), answer('b', 'dog')])
    // An answer to a photo whose sample has not come up yet waits for it.
    await answer('unknown', 'dog')
    expect((await byEvent()).run).toBe('000001')
    expect(await seen()).toEqual({
      [hashOf('a')]: 'cat, person',
      [hashOf('b')]: 'dog, person',
      [hashOf('s')]: 'dog, seed',
    })
  })

  it('a run that has not ended', async () => {
    const { put, byPerson, byEvent, bySchedule, finish } = await start()
    await Promise.all([put('a', 'accept', 'cat'), put('b', 'accept', 'dog')])
    expect((await byPerson()).run).toBe('000001')
    for (const ask of [byPerson, byEvent, bySchedule])
      expect((await ask()).missing).toBe('run 000001 has not ended yet')
    await finish('000001')
    expect((await byPerson()).run).toBe('000002')
  })

  it('the minimum interval, for events only', async () => {
    const { put, byPerson, byEvent, bySchedule, finish } = await start({
      RETRAIN_MIN_NEW: '1',
      RETRAIN_MIN_INTERVAL_SECONDS: '3600',
    })
    await Promise.all([put('a', 'accept', 'cat'), put('b', 'accept', 'dog')])
    await byPerson()
    await finish('000001')
    await put('c', 'accept')
    expect((await byEvent()).missing).toMatch(/^the minimum interval of 3600 s has 3(600|5\d\d) s left$/)
    expect((await bySchedule()).run).toBe('000002')
  })
})

describe('a request', () => {
  it('is a run and an event that names it', async () => {
    const { dataset, put, seed, byEvent, runs } = await start()
    await Promise.all([put('a', 'accept', 'cat'), put('b', 'accept', 'dog'), seed('s', 'cat')])
    const { run, data } = await byEvent()
    const latest = (await runs.latest())!
    expect(data).toEqual({ dataset, model: 'pets', run, snapshot: latest.run.snapshot })
    expect(latest).toMatchObject({
      ended: false,
      run: { id: run, model: 'pets', newSamples: 3, since: null },
    })
    expect(latest.run.why).toBe('3 new or newly labelled samples; asked by an event')
  })

  it('is made once, however many ask at the same time', async () => {
    const { put, byPerson, byEvent, bySchedule, runs } = await start({ RETRAIN_MIN_NEW: '1' })
    await Promise.all([put('a', 'accept', 'cat'), put('b', 'accept', 'dog')])
    const outcomes = await Promise.all([byPerson, byEvent, bySchedule, byPerson, byEvent].map((ask) => ask()))
    expect(outcomes.filter(({ run }) => run !== undefined)).toHaveLength(1)
    for (const { run, missing } of outcomes) if (!run) expect(missing).toMatch(/same moment|not ended yet/)
    expect(await runs.ids()).toEqual(['000001'])
  })

  it('sees a photo once, the surest label of it, and no golden photo', async () => {
    const { put, answer, seed, byPerson, seen } = await start()
    await Promise.all([
      // What a camera sees again of the seed and of the golden set.
      ...[seed('s', 'dog'), put('s', 'accept', 'cat'), seed('g', 'dog', 'golden'), put('g', 'accept', 'cat')],
      ...[put('a', 'accept', 'cat'), put('corrected', 'accept', 'cat'), answer('corrected', 'dog')],
      ...[put('drawn', 'review', 'cat', true), answer('drawn', 'cat')],
    ])
    expect((await byPerson()).run).toBe('000001')
    expect(await seen()).toEqual({
      [hashOf('s')]: 'dog, seed',
      [hashOf('a')]: 'cat, pseudo',
      [hashOf('corrected')]: 'dog, person',
      [hashOf('drawn')]: 'cat, audit',
    })
  })
})

describe('from run to run', () => {
  it('counts what is new, and a changed label as new', async () => {
    const { put, answer, byPerson, byEvent, finish, runs, seen } = await start({ RETRAIN_MIN_NEW: '2' })
    await Promise.all([put('a', 'accept', 'cat'), put('b', 'accept', 'dog'), put('c', 'review')])
    const first = await byPerson()
    await finish('000001')
    expect((await byEvent()).missing).toContain('(0 of 2)')
    const before = await runs.getSnapshot(first.data!.snapshot)

    await Promise.all([answer('b', 'cat'), put('d', 'accept', 'dog')])
    expect((await byEvent()).run).toBe('000002')
    const latest = (await runs.latest())!
    expect(latest.run).toMatchObject({ newSamples: 2, since: first.data!.snapshot })
    expect(await seen()).toEqual({
      [hashOf('a')]: 'cat, pseudo',
      [hashOf('b')]: 'cat, person',
      [hashOf('d')]: 'dog, pseudo',
    })
    // What the first run saw stays as it was.
    expect(await runs.getSnapshot(before.id)).toEqual(before)

    await finish('000002')
    await answer('b', 'cat')
    expect((await byEvent()).missing).toContain('(0 of 2)')
    await Promise.all([answer('b', 'dog'), answer('c', 'dog')])
    expect((await byEvent()).run).toBe('000003')
    expect(await seen()).toMatchObject({ [hashOf('b')]: 'dog, person', [hashOf('c')]: 'dog, person' })
  })

  it('learns what people agree about, and nothing from what they do not or found neither of the labels on', async () => {
    const { put, answer, seed, byPerson, finish, seen } = await start()
    await Promise.all([seed('s', 'dog'), seed('t', 'cat')])
    const names = ['agreed', 'disputed', 'outvoted', 'neither']
    await Promise.all(names.map((name) => put(name, 'review')))
    await put('accepted', 'accept')
    for (const name of names.slice(0, 3)) await answer(name, 'cat')
    for (const name of ['neither', 'accepted']) await answer(name, null)
    await answer('agreed', 'cat', { by: 'ben' })
    for (const name of ['disputed', 'outvoted']) await answer(name, 'dog', { by: 'ben' })
    await answer('outvoted', 'dog', { by: 'cho' })
    await byPerson()
    const learnt = {
      ...{ [hashOf('s')]: 'dog, seed', [hashOf('t')]: 'cat, seed' },
      ...{ [hashOf('agreed')]: 'cat, person', [hashOf('outvoted')]: 'dog, person' },
    }
    expect(await seen()).toEqual(learnt)
    await finish('000001')

    await answer('disputed', 'dog', { by: 'cho' })
    // Another label leaves what was labelled as it was.
    await answer('neither', 'fox', { by: 'ana' })
    await byPerson()
    expect(await seen()).toEqual({
      ...learnt,
      ...{ [hashOf('disputed')]: 'dog, person', [hashOf('neither')]: 'fox, person' },
    })
  })

  it('goes without pseudo-labels while audits say that too many are wrong, and says so', async () => {
    const { put, answer, seed, byPerson, finish, runs, seen } = await start()
    await Promise.all([seed('s', 'dog'), put('a', 'accept'), put('b', 'accept')])
    const audit = async (name: string, label: string | null) => {
      await put(name, 'review', 'cat', true)
      await answer(name, label, { audit: true })
    }
    await audit('right', 'cat')
    await byPerson()
    await finish('000001')
    expect((await runs.latest())!.run.pseudoLabels).toMatchObject({ stopped: false })
    expect(await seen()).toMatchObject({ [hashOf('a')]: 'cat, pseudo' })

    await audit('wrong', 'dog')
    await audit('neither', null)
    await byPerson()
    const stopped = (await runs.latest())!.run
    expect(stopped.pseudoLabels).toEqual({
      stopped: true,
      why: expect.stringContaining('2 of the newest 3 audited pseudo-labels were wrong: at least 19.6 %'),
    })
    expect(stopped.why).toContain(`without pseudo-labels: ${stopped.pseudoLabels!.why}`)
    await finish('000002')
    expect(await seen()).toEqual({
      ...{ [hashOf('s')]: 'dog, seed', [hashOf('right')]: 'cat, audit', [hashOf('wrong')]: 'dog, audit' },
    })

    // A better model: enough audits of it, and its labels are learnt from again.
    for (let i = 0; i < 60; i++) await audit(`later ${i}`, 'cat')
    await byPerson()
    expect((await runs.latest())!.run.pseudoLabels).toMatchObject({ stopped: false })
    expect(await seen()).toMatchObject({ [hashOf('a')]: 'cat, pseudo', [hashOf('b')]: 'cat, pseudo' })
  })

  it('a failed run does not block the next one, nor keep its samples', async () => {
    const { put, byEvent, bySchedule, fail, finish, runs } = await start({ RETRAIN_MIN_NEW: '2' })
    await Promise.all([put('a', 'accept', 'cat'), put('b', 'accept', 'dog')])
    expect((await byEvent()).run).toBe('000001')
    await fail('000001')
    expect((await byEvent()).run).toBe('000002')
    await fail('000002')
    await put('c', 'accept')
    expect((await byEvent()).run).toBe('000003')
    expect((await runs.latest())!.run).toMatchObject({ newSamples: 3, since: null })
    await finish('000003')
    expect((await bySchedule()).missing).toContain('(0 of 1)')
  })

  it('reads again only what is new', async () => {
    const { dataset, put, answer, byPerson, byEvent, finish } = await start({ RETRAIN_MIN_NEW: '9' })
    await Promise.all([put('a', 'accept', 'cat'), put('b', 'accept', 'dog'), put('c', 'review')])
    await answer('b', 'dog')
    await byPerson()
    await finish('000001')
    // Whoever read these again would fail.
    for (const name of ['a', 'b', 'c'])
      await bucket.store.put(`datasets/${dataset}/samples/${hashOf(name)}.json`, 'unreadable')
    expect((await byEvent()).missing).toContain('(0 of 9)')
    await put('d', 'accept')
    expect((await byEvent()).missing).toContain('(1 of 9)')
  })
})

describe('what it does not accept', () => {
  it('events for others are refused for good', async () => {
    const served = await serveFunction(triggerRetrain, bucket.environment)
    onTestFinished(() => served.close())
    const response = await served.send(
      createEvent('retrain.requested', 'x', ['x'], { dataset: 'd', model: 'm', run: 'r', snapshot: 's' })
    )
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({
      hint: 'send one of: sample.uploaded, sample.labelled, label.uploaded',
    })
  })

  it.each([
    ['no store', { S3_ENDPOINT: '' }, 500, 'MISCONFIGURED'],
    ['a store out of reach', { S3_ENDPOINT: 'http://127.0.0.1:1' }, 503, 'UNAVAILABLE'],
    ['wrong credentials', { S3_SECRET_ACCESS_KEY: 'wrong' }, 401, 'UNAUTHENTICATED'],
    ['no such bucket', { S3_BUCKET: 'missing' }, 404, 'NOT_FOUND'],
    ['a number that is none', { RETRAIN_MIN_NEW: 'many' }, 500, 'MISCONFIGURED'],
    ['a dataset that is no name', { DATASET: '../x' }, 500, 'MISCONFIGURED'],
  ])('%s is no fault of the event', async (_, wrong, status, code) => {
    const served = await serveFunction(triggerRetrain, { ...bucket.environment, ...wrong })
    onTestFinished(() => served.close())
    const response = await fetch(served.url, { method: 'POST' })
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ code })
  })
})
