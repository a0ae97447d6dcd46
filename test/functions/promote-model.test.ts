import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import * as promoteModel from '../../functions/promote-model/handler.ts'
import { featureStore, labelledPhotos, runStore } from '../../lib/dataset/index.ts'
import { createEvent, type EventData, readEventResponse } from '../../lib/events/index.ts'
import { encodeFloat16 } from '../../lib/float16/index.ts'
import type { Head } from '../../lib/head/index.ts'
import { modelRegistry } from '../../lib/registry/index.ts'
import {
  BACKBONE,
  type Bucket,
  hashOf,
  type Line,
  openBucket,
  openLine,
  serveFunction,
} from '../support/index.ts'

/** Golden photos; photo N has the feature N alone, so that a head can be made to answer each as a test wants. */
const GOLDEN = 6
const truthOf = (photo: number) => (photo % 2 === 0 ? 'cat' : 'dog')
const OTHER_BACKBONE = hashOf('another backbone')

let bucket: Bucket

beforeAll(async () => {
  bucket = await openBucket()
  for (const backbone of [BACKBONE, OTHER_BACKBONE]) {
    const features = featureStore(bucket.store, backbone)
    for (let photo = 0; photo < GOLDEN; photo++) {
      const values = Float32Array.from({ length: GOLDEN }, (_, i) => (i === photo ? 1 : 0))
      await features.put(hashOf(`golden ${photo}`), encodeFloat16(values))
    }
  }
})

afterAll(() => bucket.close())

/** A head that answers each golden photo with this margin: above 0 is right, and the more the surer. */
function headOf(margins: number[], labels = ['cat', 'dog']): Head {
  const weights = new Float32Array(labels.length * GOLDEN)
  margins.forEach((margin, photo) => {
    labels.forEach((label, row) => {
      weights[row * GOLDEN + photo] = label === truthOf(photo) ? margin / 2 : -margin / 2
    })
  })
  return {
    labels,
    weights,
    bias: new Float32Array(labels.length),
    mean: new Float32Array(GOLDEN),
    scale: new Float32Array(GOLDEN).fill(1),
    temperature: 1,
  }
}

const GOOD = headOf([1, 1, 1, 1, 1, 1])
const BETTER = headOf([2, 2, 2, 2, 2, 2.1])
const WORSE = headOf([0.5, 0.5, 0.5, 0.5, 0.4, 0.5])

let datasets = 0

/** The function, and a dataset and a model of their own. */
async function start({ golden = GOLDEN, line }: { golden?: number; line?: Line } = {}) {
  const dataset = `dataset-${++datasets}`
  const model = `model-${datasets}`
  const environment = line ? { ...bucket.environment, S3_ENDPOINT: line.url } : bucket.environment
  const served = await serveFunction(promoteModel, { ...environment })
  onTestFinished(() => served.close())
  const goldenPhotos = labelledPhotos(bucket.store, dataset, 'golden')
  const registry = modelRegistry(bucket.store, model)
  const runs = runStore(bucket.store, dataset)

  async function addGolden(photo: number, label = truthOf(photo)): Promise<void> {
    const hash = hashOf(`golden ${photo}`)
    await goldenPhotos.put({ photo: { hash, size: 1, mediaType: 'image/jpeg' }, label }, new Uint8Array(1))
  }
  await Promise.all(Array.from({ length: golden }, (_, photo) => addGolden(photo)))

  /** A run that has trained this head, as the training controller would say it. */
  async function trained(head: Head, backbone = BACKBONE): Promise<EventData<'model.trained'>> {
    const about = {
      model,
      snapshot: 'abc',
      since: null,
      at: new Date().toISOString(),
      why: '',
      newSamples: 1,
    }
    const run = (await runs.create(about, (await runs.ids()).at(-1)))!
    const { version } = await registry.publish(run.id, head, {
      backbone: { name: 'test', hash: backbone },
      thresholds: { accept: 0.95, audit: 0.03 },
      trainedOn: { dataset, run: run.id, snapshot: 'abc' },
      metrics: {},
    })
    return { dataset, model, run: run.id, snapshot: 'abc', version }
  }
  const send = (data: EventData<'model.trained'>) =>
    served.send(createEvent('model.trained', 'cloud/trainer', [data.run], data))
  async function judged(data: EventData<'model.trained'>) {
    const response = await send(data)
    const event = await readEventResponse(response.clone())
    if (event?.type !== 'model.promoted' && event?.type !== 'model.refused')
      expect.fail(`${response.status}: ${await response.text()}`)
    return { type: event.type, id: event.id, ...event.data, ...event.data.judgement }
  }
  return {
    ...{ dataset, model, registry, runs, goldenPhotos, addGolden, trained, send, judged },
    serving: async () => (await registry.channel('stable'))?.value,
    /** Trains and judges. */
    turn: async (head: Head) => judged(await trained(head)),
  }
}

describe('the verdict', () => {
  it('promotes the first model, and ends its run', async () => {
    const { trained, judged, serving, runs, dataset, model } = await start()
    const about = await trained(GOOD)
    expect((await runs.latest())!.ended).toBe(false)
    const outcome = await judged(about)
    expect(outcome).toMatchObject({
      ...{ type: 'model.promoted', verdict: 'promote', dataset, model, version: 1, serving: null },
      ...{ channel: 'stable', why: 'It is the first model: 6 of 6 golden photos right.' },
      figures: { goldenPhotos: 6, leftOut: 0, candidateAccuracy: 1, servingAccuracy: null, gain: null },
    })
    expect(await serving()).toMatchObject({
      version: 1,
      previous: null,
      by: 'promote-model',
      why: outcome.why,
    })
    expect(await runs.latest()).toMatchObject({ ended: true, verdict: { judgement: { verdict: 'promote' } } })
  })

  it('promotes a better one', async () => {
    const { turn, serving } = await start()
    await turn(GOOD)
    const outcome = await turn(BETTER)
    expect(outcome).toMatchObject({ type: 'model.promoted', version: 2, serving: 1, figures: { lost: 0 } })
    expect(outcome.figures.gain).toBeGreaterThan(0.1)
    expect(await serving()).toMatchObject({ version: 2, previous: 1 })
  })

  it('refuses a worse one', async () => {
    const { turn, serving, runs } = await start()
    await turn(GOOD)
    const outcome = await turn(WORSE)
    expect(outcome).toMatchObject({ type: 'model.refused', verdict: 'refuse', version: 2, serving: 1 })
    expect(outcome.figures.pWorse).toBeLessThan(0.01)
    expect((await serving())!.version).toBe(1)
    expect((await runs.latest())!.ended).toBe(true)
  })

  it('keeps serving what serves when nothing is clear', async () => {
    const { turn, serving } = await start()
    await turn(GOOD)
    expect(await turn(GOOD)).toMatchObject({ type: 'model.refused', verdict: 'inconclusive' })
    const twoLost = headOf([-0.01, -0.01, 5, 5, 5, 5])
    expect(await turn(twoLost)).toMatchObject({ verdict: 'inconclusive', figures: { lost: 2, gained: 0 } })
    expect((await serving())!.version).toBe(1)
    const oneLost = headOf([-0.01, 5, 5, 5, 5, 5])
    expect(await turn(oneLost)).toMatchObject({ verdict: 'promote', version: 4, serving: 1 })
  })

  it('without a golden set promotes the first model only', async () => {
    const { turn, serving } = await start({ golden: 0 })
    expect(await turn(GOOD)).toMatchObject({ verdict: 'promote', figures: { goldenPhotos: 0 } })
    const second = await turn(BETTER)
    expect(second).toMatchObject({ type: 'model.refused', verdict: 'inconclusive' })
    expect(second.why).toBe('The models cannot be compared: there is no golden set.')
    expect((await serving())!.version).toBe(1)
  })

  it('takes any labels, and counts one that a model does not know as wrong', async () => {
    const { turn, addGolden } = await start()
    await turn(headOf([2, 2, 2, 2, 2, 2], ['dog', 'cat']))
    await addGolden(0, 'owl')
    const three = headOf([3, 3, 3, 3, 3, 3], ['owl', 'cat', 'dog'])
    // The margins are about the other two; the owl is what photo 0 shows now.
    three.weights[0] = 9
    const outcome = await turn(three)
    expect(outcome).toMatchObject({ verdict: 'promote', figures: { servingAccuracy: 5 / 6, gained: 1 } })
  })

  it('compares models on different backbones', async () => {
    const { turn, trained, judged } = await start()
    await turn(GOOD)
    expect(await judged(await trained(BETTER, OTHER_BACKBONE))).toMatchObject({ verdict: 'promote' })
  })
})

describe('a golden set that grew since the training', () => {
  it('is compared as far as it has features', async () => {
    const { turn, addGolden } = await start()
    await turn(GOOD)
    await addGolden(77)
    const outcome = await turn(BETTER)
    expect(outcome).toMatchObject({ verdict: 'promote', figures: { goldenPhotos: 6, leftOut: 1 } })
    expect(outcome.why).toMatch(/, and left out: 1 more\.$/)
  })

  it('ends the run undecided when too little is left', async () => {
    const { turn, addGolden, serving } = await start({ golden: 1 })
    await turn(GOOD)
    await Promise.all([addGolden(77), addGolden(78)])
    expect(await turn(BETTER)).toMatchObject({
      verdict: 'inconclusive',
      why: 'The models cannot be compared: 1 of 3 golden photos have features to compare.',
    })
    expect((await serving())!.version).toBe(1)
  })
})

describe('again', () => {
  it('gives the same verdict, whatever has changed since', async () => {
    const { turn, trained, judged, addGolden, serving } = await start()
    await turn(GOOD)
    const about = await trained(WORSE)
    const first = await judged(about)
    await turn(BETTER)
    await addGolden(0, 'dog')
    expect(await judged(about)).toEqual(first)
    expect((await serving())!.version).toBe(3)
  })

  it('at the same time gives one verdict, and moves the channel once', async () => {
    const { turn, trained, send, judged, serving } = await start()
    await turn(GOOD)
    const about = await trained(BETTER)
    const statuses = await Promise.all(Array.from({ length: 4 }, async () => (await send(about)).status))
    expect(statuses).toContain(200)
    for (const status of statuses) expect([200, 409]).toContain(status)
    expect(await judged(about)).toMatchObject({ verdict: 'promote', serving: 1 })
    expect(await serving()).toMatchObject({ version: 2, previous: 1 })
  })
})

describe('in between', () => {
  async function lineToBucket(): Promise<Line> {
    const line = await openLine(bucket.environment.S3_ENDPOINT!)
    onTestFinished(() => line.close())
    return line
  }
  const isPut = (part: string) => (request: { method: string; path: string }) =>
    request.method === 'PUT' && request.path.includes(part)

  it('a crash after the channel moved: the next call ends the run with what was decided', async () => {
    const line = await lineToBucket()
    const { turn, trained, send, judged, serving, addGolden } = await start({ line })
    await turn(GOOD)
    const about = await trained(BETTER)
    line.cut(isPut('verdict.json'))
    expect((await send(about)).status).toBe(503)
    const moved = await serving()
    expect(moved).toMatchObject({ version: 2, previous: 1 })
    line.mend()
    // By now the golden set would say otherwise, but the candidate serves already.
    for (let photo = 0; photo < GOLDEN; photo++) await addGolden(photo, truthOf(photo + 1))
    const outcome = await judged(about)
    expect(outcome).toMatchObject({ type: 'model.promoted', serving: 1, why: moved!.why })
    expect(await serving()).toEqual(moved)
  })

  it('a move that is not acknowledged: the next call finds it', async () => {
    const line = await lineToBucket()
    const { trained, send, judged, serving } = await start({ line })
    const about = await trained(GOOD)
    line.cutAnswers(isPut('channels/stable.json'))
    expect((await send(about)).status).toBe(503)
    line.mend()
    expect(await judged(about)).toMatchObject({ type: 'model.promoted', serving: null })
    expect(await serving()).toMatchObject({ version: 1, previous: null })
  })

  it('somebody else moves the channel: the candidate is judged anew, against the other one', async () => {
    const line = await lineToBucket()
    const { turn, trained, send, judged, serving, registry } = await start({ line })
    await turn(GOOD)
    const [best, about] = [await trained(headOf([4, 4, 4, 4, 4, 4])), await trained(BETTER)]
    let others = 0
    line.cut(async (request) => {
      if (isPut('channels/stable.json')(request) && others++ === 0) {
        const seen = await registry.channel('stable')
        await registry.setChannel('stable', { version: best.version, by: 'ana', why: 'by hand' }, seen)
      }
      return false
    })
    expect((await send(about)).status).toBe(409)
    expect(await judged(about)).toMatchObject({ type: 'model.refused', verdict: 'refuse', serving: 2 })
    expect(await serving()).toMatchObject({ version: 2, by: 'ana' })
  })
})

describe('what is no fault of the event is never terminal', () => {
  it.each([
    ['are cut off', new Uint8Array(3)],
    ['are of another backbone', new Uint8Array(8)],
    ['are no numbers', new Uint8Array(2 * GOLDEN).fill(0xff)],
  ])('features that %s', async (_, values) => {
    const { trained, send, goldenPhotos } = await start({ golden: 0 })
    const hash = hashOf(`broken ${values.length}`)
    const photo = { hash, size: 1, mediaType: 'image/jpeg' }
    await goldenPhotos.put({ photo, label: 'cat' }, new Uint8Array(1))
    await bucket.store.put(`features/${BACKBONE}/${hash}`, values)
    const response = await send(await trained(GOOD))
    expect([response.status, await response.json()]).toMatchObject([500, { code: 'CORRUPT' }])
  })

  it('a version that is not there, or not what its manifest says', async () => {
    const { trained, send, model } = await start({ golden: 1 })
    const about = await trained(GOOD)
    await bucket.store.put(`models/${model}/1/head.bin`, new Uint8Array(7))
    expect((await send(about)).status).toBe(500)
    expect((await send({ ...about, version: 9 })).status).toBe(404)
  })

  it.each([
    ['a store out of reach', { S3_ENDPOINT: 'http://127.0.0.1:1' }, 503],
    ['wrong credentials', { S3_SECRET_ACCESS_KEY: 'wrong' }, 401],
    ['no bucket', { S3_BUCKET: undefined }, 500],
    ['a channel that is no name', { MODEL_CHANNEL: 'a/b' }, 500],
  ])('%s', async (_, wrong, status) => {
    const served = await serveFunction(promoteModel, { ...bucket.environment, ...wrong })
    onTestFinished(() => served.close())
    const data = { dataset: 'd', model: 'm', run: '000001', snapshot: 's', version: 1 }
    const response = await served.send(createEvent('model.trained', 'cloud/trainer', ['x'], data))
    expect(response.status).toBe(status)
  })
})

it('refuses an event that mixes up runs, for good', async () => {
  const { turn, trained, send, runs } = await start({ golden: 1 })
  await turn(GOOD)
  const about = await trained(BETTER)
  const response = await send({ ...about, version: 1 })
  expect([response.status, await response.json()]).toMatchObject([400, { where: 'data.run' }])
  expect((await runs.state(about.run))!.ended).toBe(false)
})
