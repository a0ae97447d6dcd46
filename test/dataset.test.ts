import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import {
  doubtStore,
  labelledPhotos,
  labelSet,
  peopleAnswers,
  runStore,
  type SnapshotItem,
  sampleStore,
} from '../lib/dataset/index.ts'
import { BACKBONE, type Bucket, hashOf, openBucket, sampleOf } from './support/index.ts'

let bucket: Bucket

beforeAll(async () => {
  bucket = await openBucket()
})

afterAll(() => bucket.close())

let datasets = 0
const freshDataset = () => `dataset-${++datasets}`

const record = (name: string, band: 'accept' | 'review') => {
  const { features: _features, uplink: _uplink, ...rest } = sampleOf(name, band)
  return { ...rest, band, backbone: BACKBONE, withPhoto: false }
}
const item = (name: string, label: string, origin: SnapshotItem['origin'] = 'pseudo'): SnapshotItem => ({
  photo: hashOf(name),
  label,
  origin,
  edge: 'edge-1',
})
const request = (snapshot = 'abc') => ({
  model: 'photos',
  snapshot,
  since: null,
  at: '2026-01-01T00:00:00.000Z',
  why: 'test',
  newSamples: 1,
})

describe('samples', () => {
  it('stand where the design says, features and photo beside the record', async () => {
    const dataset = freshDataset()
    const samples = sampleStore(bucket.store, dataset)
    const photo = Buffer.from('a photo')
    const features = new Uint8Array(8)
    const { bytes } = await samples.put({
      record: { ...record('a', 'review'), withPhoto: true },
      features,
      photo,
    })
    const hash = hashOf('a')
    expect(await bucket.keys(`datasets/${dataset}/`)).toEqual([
      `datasets/${dataset}/samples/${hash}.json`,
      `datasets/${dataset}/samples/${hash}.photo`,
    ])
    const stored = await bucket.store.get(`datasets/${dataset}/samples/${hash}.json`)
    expect(bytes).toBe(stored!.body.length + features.length + photo.length)
    expect((await bucket.store.get(`features/${BACKBONE}/${hash}`))!.body).toHaveLength(8)
    expect(await samples.list()).toEqual([hash])
    expect(await samples.get(hash)).toMatchObject({ band: 'review', withPhoto: true })
    const { body, contentType } = (await samples.getPhoto(hash))!
    expect(Buffer.from(body).toString()).toBe('a photo')
    expect(contentType).toBe('image/jpeg')
  })

  it('keep their first record', async () => {
    const samples = sampleStore(bucket.store, freshDataset())
    await samples.put({ record: record('a', 'review'), features: null, photo: null })
    const again = await samples.put({ record: record('a', 'accept'), features: null, photo: null })
    expect(again.record.band).toBe('review')
    expect((await samples.get(hashOf('a')))!.band).toBe('review')
  })
})

describe('answers', () => {
  const about = { photo: hashOf('a'), audit: false, predicted: 'cat' }
  const at = (second: number) => `2026-01-01T00:00:0${second}.000Z`
  const given = (label: string | null, by = 'ana', second = 0) => ({
    ...{ by, label, at: at(second), among: ['cat', 'dog'] },
  })

  it('that came from elsewhere are recorded once, in any order, and their labels are on offer', async () => {
    const dataset = freshDataset()
    const answers = peopleAnswers(bucket.store, dataset)
    await answers.record(about, given('dog', 'ana', 2))
    const first = (await answers.all()).get(about.photo)!.etag
    await answers.record(about, given('dog', 'ana', 2))
    await answers.record(about, given('cat', 'ana', 1))
    expect((await answers.all()).get(about.photo)!.etag).toBe(first)
    expect(await answers.get(about.photo)).toEqual({
      ...about,
      answers: [given('dog', 'ana', 2)],
      outcome: { kind: 'label', label: 'dog' },
    })
    await answers.record(about, given('fox', 'ben', 3))
    expect(await answers.get(about.photo)).toMatchObject({ outcome: { kind: 'disputed' } })
    expect((await answers.all()).get(about.photo)!.etag).not.toBe(first)
    // "cat" came too late to count: nobody is offered it because of that.
    expect(await labelSet(bucket.store, dataset).read()).toEqual(['dog', 'fox'])
  })

  it('of a time when a photo had one answer still count, and one that is damaged stops no others', async () => {
    const complaints = vi.spyOn(console, 'error').mockImplementation(() => {})
    const dataset = freshDataset()
    const key = (photo: string) => `datasets/${dataset}/labels/${photo}.json`
    const { by, at } = given('cat')
    await bucket.store.putJson(key(about.photo), { photo: about.photo, label: 'cat', by, at })
    await bucket.store.put(key(hashOf('damaged')), '{"answers":')
    const answers = peopleAnswers(bucket.store, dataset)
    expect([...(await answers.all()).keys()]).toEqual([about.photo])
    expect(await answers.get(about.photo)).toMatchObject({ outcome: { kind: 'label', label: 'cat' } })
    await answers.all()
    expect(complaints).toHaveBeenCalledOnce()
    complaints.mockRestore()
  })

  it('say which photos have neither of the labels, until there is another label', async () => {
    const dataset = freshDataset()
    const answers = peopleAnswers(bucket.store, dataset)
    for (const label of ['cat', 'dog']) await labelSet(bucket.store, dataset).add(label)
    await answers.record(about, given(null))
    await answers.record({ ...about, photo: hashOf('b') }, given('cat'))
    expect(await answers.neither()).toEqual([about.photo])
    await labelSet(bucket.store, dataset).add('fox')
    expect(await answers.neither()).toEqual([])
  })

  it('of several people at once are all kept', async () => {
    const dataset = freshDataset()
    const people = ['ana', 'ben', 'cho', 'dan', 'eve']
    await Promise.all(
      people.map((by) => peopleAnswers(bucket.store, dataset).record(about, given('cat', by)))
    )
    const { answers } = (await peopleAnswers(bucket.store, dataset).get(about.photo))!
    expect(answers.map(({ by }) => by).sort()).toEqual(people)
  })
})

describe('doubts', () => {
  it('are those of the newest run, whoever writes last', async () => {
    const doubts = doubtStore(bucket.store, freshDataset())
    expect(await doubts.read()).toEqual(new Map())
    const of = (name: string) => ({ photo: hashOf(name), label: 'cat', probability: 0.01 })
    await doubts.write('000002', [of('a'), of('b')])
    await doubts.write('000001', [of('c')])
    expect([...(await doubts.read()).keys()].sort()).toEqual([hashOf('a'), hashOf('b')].sort())
    await doubts.write('000002', [of('a')])
    expect([...(await doubts.read()).values()]).toEqual([of('a')])
  })
})

describe('the labels on offer', () => {
  it('are those that seeds bring and people add, each once', async () => {
    const dataset = freshDataset()
    const labels = labelSet(bucket.store, dataset)
    expect(await labels.read()).toEqual([])
    const photo = { hash: hashOf('s'), size: 3, mediaType: 'image/png' }
    for (const collection of ['seed', 'golden'] as const)
      await labelledPhotos(bucket.store, dataset, collection).put(
        { photo, label: collection },
        new Uint8Array(3)
      )
    await Promise.all(['b', 'a', 'b', 'c'].map((label) => labels.add(label)))
    expect(await labels.read()).toEqual(['a', 'b', 'c', 'seed'])
  })
})

describe('labelled photos', () => {
  it('come back, and say what is missing', async () => {
    const dataset = freshDataset()
    const golden = labelledPhotos(bucket.store, dataset, 'golden')
    const photo = { hash: hashOf('g'), size: 3, mediaType: 'image/png' }
    await golden.put({ photo, label: 'cat' }, new Uint8Array(3))
    expect(await golden.list()).toEqual([photo.hash])
    expect(await labelledPhotos(bucket.store, dataset, 'seed').list()).toEqual([])
    expect(await golden.get(photo.hash)).toEqual({ photo, label: 'cat' })
    expect(await golden.getPhoto(photo.hash)).toHaveLength(3)
    await expect(golden.get(hashOf('x'))).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(golden.getPhoto(hashOf('x'))).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})

describe('snapshots', () => {
  it('have the same id for the same items, whatever their order', async () => {
    const runs = runStore(bucket.store, freshDataset())
    const [a, b] = [item('a', 'cat'), item('b', 'dog', 'person')]
    const { id } = await runs.putSnapshot([a, b])
    const { photo, label, origin, edge } = b
    expect((await runs.putSnapshot([{ edge, origin, label, photo }, a])).id).toBe(id)
    expect((await runs.putSnapshot([a, { ...b, label: 'cat' }])).id).not.toBe(id)
    expect((await runs.putSnapshot([a, { ...b, origin: 'audit' }])).id).not.toBe(id)
    expect((await runs.putSnapshot([a])).id).not.toBe(id)
  })

  it('are written once', async () => {
    const dataset = freshDataset()
    const runs = runStore(bucket.store, dataset)
    const first = await runs.putSnapshot([item('a', 'cat')])
    const key = `datasets/${dataset}/snapshots/${first.id}.json`
    const before = await bucket.store.get(key)
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(await runs.putSnapshot([item('a', 'cat')])).toEqual(first)
    expect(await bucket.store.get(key)).toEqual(before)
    expect(await runs.getSnapshot(first.id)).toEqual(first)
  })

  it('say which one is missing', async () => {
    const runs = runStore(bucket.store, freshDataset())
    await expect(runs.getSnapshot('abc')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})

describe('runs', () => {
  it('go from asked for to a verdict', async () => {
    const dataset = freshDataset()
    const runs = runStore(bucket.store, dataset)
    expect(await runs.latest()).toBeUndefined()
    const run = (await runs.create(request(), undefined))!
    expect(run).toMatchObject({ id: '000001', dataset })
    expect(await runs.latest()).toEqual({ run, status: undefined, verdict: undefined, ended: false })
    await runs.setStatus(run.id, { state: 'started', attempt: 1 })
    expect((await runs.latest())!.ended).toBe(false)
    await runs.setStatus(run.id, { state: 'trained', attempt: 1, version: 1 })
    expect((await runs.latest())!.ended).toBe(false)
    await runs.setVerdict(run.id, verdict(dataset, 'promote'))
    expect(await runs.latest()).toMatchObject({ ended: true, verdict: { judgement: { verdict: 'promote' } } })
    expect((await runs.create(request(), run.id))!.id).toBe('000002')
    expect(await runs.ids()).toEqual(['000001', '000002'])
    expect(await runs.latest()).toMatchObject({ run: { id: '000002' }, ended: false })
  })

  it('end when they have failed', async () => {
    const runs = runStore(bucket.store, freshDataset())
    const run = (await runs.create(request(), undefined))!
    await runs.setStatus(run.id, { state: 'failed', attempt: 3, error: 'no photos' })
    expect((await runs.latest())!.ended).toBe(true)
  })

  it('are given to one of many that decide after the same run', async () => {
    const runs = runStore(bucket.store, freshDataset())
    for (const after of [undefined, '000001']) {
      const asked = await Promise.all(Array.from({ length: 8 }, () => runs.create(request(), after)))
      expect(asked.filter(Boolean)).toHaveLength(1)
    }
    // Late, on what was true before the second run: it must not become a third one.
    expect(await runs.create(request(), '000001')).toBeUndefined()
    expect(await runs.ids()).toEqual(['000001', '000002'])
  })

  it('keep their first verdict', async () => {
    const dataset = freshDataset()
    const runs = runStore(bucket.store, dataset)
    await runs.create(request(), undefined)
    const first = await runs.setVerdict('000001', verdict(dataset, 'promote'))
    expect(await runs.setVerdict('000001', verdict(dataset, 'refuse'))).toEqual(first)
    expect((await runs.state('000001'))!.verdict).toEqual(first)
  })
})

function verdict(dataset: string, verdict: 'promote' | 'refuse') {
  return {
    dataset,
    model: 'photos',
    run: '000001',
    snapshot: 'abc',
    version: 1,
    channel: 'stable',
    serving: null,
    judgement: { verdict, why: 'test', figures: { goldenPhotos: 2 } },
  }
}
