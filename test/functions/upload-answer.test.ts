import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import * as uploadSample from '../../functions/upload-sample/handler.ts'
import { labelSet, peopleAnswers } from '../../lib/dataset/index.ts'
import { createEvent, type EdgeloopEvent, type EventData, readEventResponse } from '../../lib/events/index.ts'
import { type Bucket, hashOf, openBucket, openLine, serveFunction } from '../support/index.ts'

let bucket: Bucket

beforeAll(async () => {
  bucket = await openBucket()
})
afterAll(() => bucket.close())

let datasets = 0
const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString()

/** The function for a dataset of its own, and what a person at an edge says. */
async function start(settings: Record<string, string | undefined> = {}) {
  const dataset = `answers-${++datasets}`
  const served = await serveFunction(uploadSample, { ...bucket.environment, DATASET: dataset, ...settings })
  onTestFinished(() => served.close())
  const photo = hashOf(dataset)
  const about = { photo, audit: true, predicted: 'cat' }
  const answer = (by: string, second: number, label: string | null) => ({
    ...{ by, at: at(second), label, among: ['cat', 'dog'] },
  })
  const labelled = (by: string, second: number, label: string | null, more = {}) =>
    createEvent('sample.labelled', 'edges/edge-1/people', [photo, by, second], {
      ...{ edge: 'edge-1', dataset, ...about, ...answer(by, second, label), ...more },
    })
  const unlabelled = (by: string, second: number) =>
    createEvent('sample.unlabelled', 'edges/edge-1/people', [photo, by, second], {
      ...{ edge: 'edge-1', dataset, ...about, by, at: at(second) },
    })
  return {
    ...{ dataset, photo, about, answer, labelled, unlabelled, send: served.send },
    answers: peopleAnswers(bucket.store, dataset),
    async upload(event: EdgeloopEvent): Promise<EventData<'label.uploaded'>> {
      const response = await served.send(event)
      const follower = await readEventResponse(response.clone())
      if (follower?.type !== 'label.uploaded') expect.fail(`${response.status}: ${await response.text()}`)
      return follower.data
    },
  }
}

describe('what a person at an edge has said', () => {
  it('stands in the bucket, and its label is on offer, before the sample is there', async () => {
    const { upload, answers, about, answer, labelled, photo, dataset } = await start()
    const uploaded = await upload(labelled('ana', 1, 'fox'))
    expect(uploaded).toEqual({
      ...{ edge: 'edge-1', photo, dataset, by: 'ana', at: at(1) },
      answers: [answer('ana', 1, 'fox')],
    })
    expect(await answers.get(photo)).toMatchObject({
      ...about,
      answers: [answer('ana', 1, 'fox')],
      outcome: { kind: 'label', label: 'fox' },
    })
    expect(await labelSet(bucket.store, dataset).read()).toEqual(['fox'])
  })

  it('counts beside what somebody in the cloud has said meanwhile, whom the edge hears of', async () => {
    const { upload, answers, about, answer, labelled, photo } = await start()
    await answers.record(about, answer('ben', 5, 'dog'))
    const uploaded = await upload(labelled('ana', 1, null))
    expect(uploaded.answers).toEqual([answer('ben', 5, 'dog'), answer('ana', 1, null)])
    expect(await answers.get(photo)).toMatchObject({ outcome: { kind: 'disputed' } })
  })

  it('is what was said last, in whatever order it comes, and however often', async () => {
    const { upload, answers, labelled, unlabelled, photo } = await start()
    await upload(unlabelled('ana', 2))
    await upload(labelled('ana', 1, 'cat'))
    expect(await answers.get(photo)).toMatchObject({ answers: [], outcome: { kind: 'open' } })
    await upload(labelled('ana', 3, 'dog'))
    for (const event of [unlabelled('ana', 2), labelled('ana', 1, 'cat'), labelled('ana', 3, 'dog')])
      expect((await upload(event)).answers).toMatchObject([{ by: 'ana', label: 'dog' }])
  })

  it('of several people who say it at the same moment is lost of nobody', async () => {
    const { upload, answers, labelled, photo } = await start()
    const people = ['ana', 'ben', 'cho', 'dan']
    await Promise.all(people.map((by) => upload(labelled(by, 1, 'cat'))))
    const found = await answers.get(photo)
    expect(found!.answers.map(({ by }) => by).sort()).toEqual(people)
  })

  it('whose acknowledgement is lost on the way is there once', async () => {
    const line = await openLine(bucket.environment.S3_ENDPOINT!)
    onTestFinished(() => line.close())
    const { send, upload, answers, labelled, photo } = await start({ S3_ENDPOINT: line.url })
    line.cutAnswers(({ method, path }) => method === 'PUT' && path.includes('/labels/'))
    expect((await send(labelled('ana', 1, 'cat'))).status).toBe(503)
    line.mend()
    expect(await answers.get(photo)).toMatchObject({ answers: [{ by: 'ana' }] })
    const before = (await bucket.store.head(`datasets/answers-${datasets}/labels/${photo}.json`))!.etag
    expect((await upload(labelled('ana', 1, 'cat'))).answers).toHaveLength(1)
    expect((await bucket.store.head(`datasets/answers-${datasets}/labels/${photo}.json`))!.etag).toBe(before)
  })
})

describe('what is refused', () => {
  it('for now: another dataset, and a bucket out of reach', async () => {
    const { send, labelled } = await start()
    const elsewhere = await send(labelled('ana', 1, 'cat', { dataset: 'elsewhere' }))
    expect([elsewhere.status, await elsewhere.json()]).toMatchObject([500, { code: 'MISCONFIGURED' }])
    const cut = await start({ S3_ENDPOINT: 'http://127.0.0.1:1' })
    expect((await cut.send(cut.labelled('ana', 1, 'cat'))).status).toBe(503)
  })

  it('for good: an answer of the cloud', async () => {
    const { send, labelled, answers, photo } = await start()
    const response = await send(labelled('ana', 1, 'cat', { edge: null }))
    expect([response.status, await response.json()]).toMatchObject([400, { where: 'data.edge' }])
    expect(await answers.get(photo)).toBeUndefined()
  })
})
