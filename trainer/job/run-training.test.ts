import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { defaultBackboneDir, readBackboneManifest } from '../../lib/backbone/index.ts'
import {
  doubtStore,
  featureStore,
  labelledPhotos,
  type Run,
  runStore,
  type SnapshotItem,
  sampleStore,
} from '../../lib/dataset/index.ts'
import { predictScores, rankScores } from '../../lib/head/index.ts'
import { photoHash } from '../../lib/photo/index.ts'
import { modelRegistry } from '../../lib/registry/index.ts'
import { createObjectStore, type ObjectStore } from '../../lib/s3/index.ts'
import { createS3Server, type S3Server } from '../../platform/s3/index.ts'
import { childrenOf, hashOf, renamedBackbone, sampleOf } from '../../test/support/index.ts'
import { processJobs } from '../controller/index.ts'
import { runTraining } from './index.ts'

vi.setConfig({ testTimeout: 90_000 })

const credentials = { accessKeyId: 'test', secretAccessKey: 'test-secret' }
const LABELS = ['circles', 'rings', 'stripes'] as const
type Label = (typeof LABELS)[number]

/** A picture of the label, in another colour and place each time. */
function draw(label: Label, n: number): Promise<Buffer> {
  const [hue, x, y] = [(n * 47) % 360, 60 + ((n * 31) % 100), 60 + ((n * 17) % 100)]
  const colour = `hsl(${hue}, 70%, 45%)`
  const shapes = {
    circles: `<circle cx="${x}" cy="${y}" r="50" fill="${colour}"/>`,
    rings: [20, 40, 60]
      .map((r) => `<circle cx="${x}" cy="${y}" r="${r}" fill="none" stroke="${colour}" stroke-width="6"/>`)
      .join(''),
    stripes: [0, 1, 2, 3, 4, 5]
      .map((i) => `<rect x="${i * 40}" width="18" height="224" fill="${colour}"/>`)
      .join(''),
  }
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="224" height="224"><rect width="224" height="224" fill="hsl(${(hue + 180) % 360}, 30%, 90%)"/>${shapes[label]}</svg>`
  return sharp(Buffer.from(svg)).jpeg().toBuffer()
}

let directory: string
let s3: S3Server
let store: ObjectStore
let datasets = 0

/** A dataset of its own in the one bucket. */
function openDataset() {
  const dataset = `drawn-${++datasets}`
  const model = `model-${datasets}`
  const runs = runStore(store, dataset)
  const hashes = new Map<string, Label>()

  async function put(collection: 'seed' | 'golden', label: Label, n: number): Promise<SnapshotItem> {
    const bytes = await draw(label, n)
    const photo = { hash: photoHash(bytes), size: bytes.length, mediaType: 'image/jpeg' }
    await labelledPhotos(store, dataset, collection).put({ photo, label }, bytes)
    hashes.set(photo.hash, label)
    return { photo: photo.hash, label, origin: 'seed', edge: null }
  }
  async function request(items: SnapshotItem[], more: Partial<Run> = {}): Promise<Run> {
    const snapshot = await runs.putSnapshot(items)
    const at = new Date().toISOString()
    const why = 'a test'
    const run = { model, snapshot: snapshot.id, since: null, at, why, newSamples: items.length, ...more }
    return (await runs.create(run, (await runs.latest())?.run.id))!
  }
  const seeds = (from: number, to: number) =>
    Promise.all(
      LABELS.flatMap((label) => Array.from({ length: to - from }, (_, i) => put('seed', label, from + i)))
    )
  const train = (
    run: Run,
    onProgress: (stage: string, done: number) => void = () => {},
    backboneDir = defaultBackboneDir
  ) => runTraining({ store, dataset, run: run.id, backboneDir, onProgress })
  return { dataset, model, runs, put, request, seeds, train, registry: modelRegistry(store, model) }
}

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'edgeloop-job-'))
  s3 = await createS3Server({ directory, host: '127.0.0.1', port: 0, buckets: ['test'], ...credentials })
  store = createObjectStore({ endpoint: s3.url, bucket: 'test', ...credentials })
})
afterAll(async () => {
  store.close()
  await s3.close()
  await rm(directory, { recursive: true, force: true })
})

describe('a training job', () => {
  it('makes a model of a few drawn photos that knows others of the same kinds', async () => {
    const { dataset, seeds, put, request, train, registry } = openDataset()
    const items = await seeds(0, 3)
    const golden = await Promise.all(LABELS.map((label, i) => put('golden', label, 50 + i)))
    const progress: [string, number][] = []
    const first = await train(await request(items), (stage, done) => progress.push([stage, done]))
    expect(first).toMatchObject({
      version: 1,
      head: { labels: [...LABELS] },
      trainedOn: { dataset, run: '000001' },
      metrics: { sizes: { samples: 9, golden: 3, labels: 3, leftOut: 0 } },
    })
    // Each stage begins, goes on, and ends, in this order.
    expect([...new Set(progress.map(([stage]) => stage))]).toEqual(['features', 'fit', 'publish'])
    for (const stage of ['features', 'fit', 'publish']) {
      const shares = progress.flatMap(([of, done]) => (of === stage ? [done] : []))
      expect(shares).toEqual(shares.toSorted((a, b) => a - b))
      expect(shares.at(-1)).toBe(1)
    }

    // The second one is measured on the golden photos, and computes nothing again.
    const second = await train(await request([...items, ...(await seeds(3, 4))]))
    expect(second.version).toBe(2)
    expect(second.metrics).toMatchObject({ sizes: { samples: 12 }, golden: { samples: 3 } })
    const { head } = await registry.head(2)
    const { hash } = await readBackboneManifest(defaultBackboneDir)
    for (const { photo, label } of golden) {
      const features = await featureStore(store, hash).get(photo)
      expect(rankScores(head.labels, predictScores(head, features!))[0]!.label).toBe(label)
    }
  })

  it('never trains on a golden photo, whatever the snapshot says', async () => {
    const { seeds, put, request, train } = openDataset()
    const items = await seeds(0, 2)
    const golden = await put('golden', 'circles', 50)
    const lie: SnapshotItem = { ...golden, label: 'stripes', origin: 'person' }
    const { metrics } = await train(await request([...items, lie]))
    expect(metrics).toMatchObject({ sizes: { samples: 6, golden: 1 } })
  })

  it('doubts what people said and others make improbable, the same each time', async () => {
    const { dataset, seeds, request, train, registry } = openDataset()
    const items = await seeds(0, 14)
    // Their features are known from when they were seeds.
    await train(await request(items))
    const wrong = { ...items[0]!, label: 'stripes' }
    const given = [wrong, ...items.slice(1)].map(
      (item) => ({ ...item, origin: 'person', edge: 'edge-1' }) as const
    )
    const pseudoLabels = { stopped: true, why: 'a test' }
    const run = await request(given, { pseudoLabels })
    const { metrics } = await train(run)
    expect(metrics).toMatchObject({ sizes: { samples: 42 }, pseudoLabels })

    const doubts = await doubtStore(store, dataset).read()
    expect(doubts.get(wrong.photo)).toMatchObject({ label: 'stripes' })
    expect(doubts.size).toBeLessThan(5)
    // As after a crash between the doubts and the version.
    await store.delete(`models/${run.model}/2/manifest.json`)
    await train(run)
    expect(await doubtStore(store, dataset).read()).toEqual(doubts)
    expect(await registry.versions()).toEqual([1, 2])
  })

  it('leaves a photo out that is gone, and names it', async () => {
    const complaints = vi.spyOn(console, 'error').mockImplementation(() => {})
    const { dataset, seeds, request, train } = openDataset()
    const items = await seeds(0, 2)
    const gone = 'ab'.repeat(32)
    const sample: SnapshotItem = { photo: gone, label: 'circles', origin: 'person', edge: 'edge-1' }
    await store.delete(`datasets/${dataset}/seed/${items[0]!.photo}.photo`)
    // Computed by another test's run, perhaps: features belong to the photo, whatever the dataset.
    const { hash } = await readBackboneManifest(defaultBackboneDir)
    await store.delete(`features/${hash}/${items[0]!.photo}`)
    const { metrics } = await train(await request([...items, sample]))
    expect(metrics).toMatchObject({ sizes: { samples: 5, leftOut: 2 } })
    const said = complaints.mock.calls.map(([text]) => String(text)).join('\n')
    expect(said).toContain(`${gone} is left out: there are no features, and no photo`)
    expect(said).toContain(`${items[0]!.photo} is left out: there is no datasets/${dataset}/seed/`)
    complaints.mockRestore()
  })

  it('of another backbone computes anew what it has photos of, and leaves out what it has not', async () => {
    const complaints = vi.spyOn(console, 'error').mockImplementation(() => {})
    const { dataset, seeds, request, train } = openDataset()
    const items = await seeds(0, 2)
    const sent = await Promise.all(
      ['first', 'second'].map(async (name): Promise<SnapshotItem> => {
        const { features: _, ...sample } = sampleOf(name, 'accept')
        const backbone = (await readBackboneManifest(defaultBackboneDir)).hash
        const record = { ...sample, band: 'accept' as const, backbone, withPhoto: false }
        await sampleStore(store, dataset).put({ record, features: new Uint8Array(2560), photo: null })
        return { photo: hashOf(name), label: 'circles', origin: 'pseudo', edge: 'edge-1' }
      })
    )
    const run = await request([...items, ...sent])
    const hash = await renamedBackbone(path.join(directory, 'other'), 'other')
    const { metrics, backbone } = await train(run, () => {}, path.join(directory, 'other'))
    expect(backbone).toEqual({ name: 'other', hash })
    expect(metrics).toMatchObject({ sizes: { samples: 6, leftOut: 2 } })
    expect(String(complaints.mock.calls)).toMatch(
      /^2 photos are left out, [0-9a-f]{12}… and others: there are features of another backbone only, and no photo$/
    )
    expect((await featureStore(store, hash).get(items[0]!.photo))!.length).toBe(1280)
    complaints.mockRestore()
  })

  it('learns from features that an edge has sent, without the photo', async () => {
    const { dataset, seeds, request, train } = openDataset()
    const items = await seeds(0, 2)
    const other = openDataset()
    const [sent] = await other.seeds(9, 10)
    await other.train(await other.request(await other.seeds(9, 11)))
    expect(await sampleStore(store, dataset).getPhoto(sent!.photo)).toBeUndefined()
    const sample: SnapshotItem = { ...sent!, origin: 'pseudo', edge: 'edge-1' }
    const { metrics } = await train(await request([...items, sample]))
    expect(metrics).toMatchObject({ sizes: { samples: 7, leftOut: 0 } })
  })

  it.each([
    ['no photo that can be used', [] as SnapshotItem[]],
    ['photos of one kind only', undefined],
  ])('with %s says what is missing, and publishes nothing', async (_name, given) => {
    const { put, request, train, registry } = openDataset()
    const items = given ?? [await put('seed', 'circles', 1), await put('seed', 'circles', 2)]
    await expect(train(await request(items))).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    expect(await registry.versions()).toEqual([])
  })

  it('for a run that nobody has asked for says so', async () => {
    const { train } = openDataset()
    await expect(train({ id: '000009' } as Run)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'there is no run 000009',
    })
  })
})

describe('a job in a process', () => {
  const environment = (dataset: string) => ({
    DATASET: dataset,
    S3_ENDPOINT: s3.url,
    S3_BUCKET: 'test',
    S3_ACCESS_KEY_ID: credentials.accessKeyId,
    S3_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  })
  const { signal } = new AbortController()

  it('that is killed publishes nothing twice when it is repeated', async () => {
    const { dataset, seeds, request, train, registry } = openDataset()
    const run = await request(await seeds(20, 22))
    const job = processJobs(environment(dataset))
    let killing: Promise<void> | undefined
    const crashed = await job(
      { run, attempt: 1 },
      () => {
        killing ??= childrenOf(process.pid, 'trainer/job/main.ts').then(([pid]) => {
          process.kill(pid!, 'SIGKILL')
        })
      },
      signal
    )
    await killing
    expect(crashed).toEqual({ error: 'the job was killed by SIGKILL' })
    expect(await registry.versions()).toEqual([])
    const stages = new Set<string>()
    expect(await job({ run, attempt: 2 }, (stage) => stages.add(stage), signal)).toEqual({ version: 1 })
    expect([...stages]).toEqual(['features', 'fit', 'publish'])
    // As after a crash between publishing and saying so.
    const before = await registry.manifest(1)
    expect((await train(run)).version).toBe(1)
    expect(await registry.versions()).toEqual([1])
    expect((await registry.manifest(1)).hash).toBe(before.hash)
  })

  it('trains on a backbone of the bucket where it is told its hash', async () => {
    const { dataset, seeds, request, registry } = openDataset()
    const hash = await renamedBackbone(path.join(directory, 'twin'), 'twin')
    const job = processJobs({ ...environment(dataset), BACKBONE: hash, TMPDIR: directory })
    const run = await request(await seeds(40, 42))
    expect(await job({ run, attempt: 1 }, () => {}, signal)).toEqual({
      error: `the registry has no backbone ${hash}`,
    })
    for (const file of ['weights.bin', 'backbone.json'])
      await store.put(`backbones/${hash}/${file}`, await readFile(path.join(directory, 'twin', file)))
    expect(await job({ run, attempt: 2 }, () => {}, signal)).toEqual({ version: 1 })
    expect((await registry.manifest(1)).manifest.backbone).toEqual({ name: 'twin', hash })
  })

  it('that fails says why', async () => {
    const { dataset, seeds, request } = openDataset()
    const run = { ...(await request(await seeds(24, 25))), id: '000009' }
    const lastWord = path.join(directory, 'last-word')
    const job = processJobs({ ...environment(dataset), TERMINATION_LOG: lastWord })
    expect(await job({ run, attempt: 1 }, () => {}, signal)).toEqual({ error: 'there is no run 000009' })
    expect(JSON.parse(await readFile(lastWord, 'utf8'))).toEqual({
      error: { error: 'there is no run 000009', code: 'NOT_FOUND' },
    })
  })

  it('ends when it is told to', async () => {
    const { dataset, seeds, request, registry } = openDataset()
    const run = await request(await seeds(30, 34))
    const stop = new AbortController()
    const end = await processJobs(environment(dataset))({ run, attempt: 1 }, () => stop.abort(), stop.signal)
    expect('error' in end).toBe(true)
    expect(await registry.versions()).toEqual([])
  })
})
