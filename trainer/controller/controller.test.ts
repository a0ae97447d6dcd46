import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Run, runStore } from '../../lib/dataset/index.ts'
import type { EdgeloopEvent } from '../../lib/events/index.ts'
import { createObjectStore, type ObjectStore } from '../../lib/s3/index.ts'
import { createLink, type Link } from '../../platform/link/index.ts'
import { createS3Server, type S3Server } from '../../platform/s3/index.ts'
import { createTrainingController, type JobEnd, type StartJob, type TrainingController } from './index.ts'

vi.setConfig({ testTimeout: 60_000 })

const credentials = { accessKeyId: 'test', secretAccessKey: 'test-secret' }
const open = (endpoint: string) =>
  createObjectStore({ endpoint, bucket: 'test', attempts: 1, ...credentials })

let directory: string
let s3: S3Server
let link: Link
/** The test's own way into S3. */
let bucket: ObjectStore
/** The controller's, over a line that can be cut. */
let store: ObjectStore
let tests = 0
let dataset: string
let runs: ReturnType<typeof runStore>
let controller: TrainingController | undefined
/** What jobs do, by attempt; the last one again for all further ones. */
let jobs: StartJob[]
let started: string[]
let attempts: number[]
let events: EdgeloopEvent[]
let publish: (event: EdgeloopEvent) => Promise<void>
let complaints: ReturnType<typeof vi.spyOn>

const ends =
  (end: JobEnd): StartJob =>
  async (_run, onProgress) => {
    onProgress('fit', 0.5)
    return end
  }
/** A job that only ends when it is told to. */
const endless: StartJob = (_run, _onProgress, signal) =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve({ error: 'stopped' })))

function start(pollMs = 20): void {
  controller = createTrainingController({
    store,
    dataset,
    startJob: (job, ...rest) => {
      started.push(job.run.id)
      attempts.push(job.attempt)
      return jobs[Math.min(started.length, jobs.length) - 1]!(job, ...rest)
    },
    publish: (event) => publish(event),
    pollMs,
    retryMs: 10,
  })
}

async function request(): Promise<Run> {
  const at = new Date().toISOString()
  const run = { model: 'photos', snapshot: 'abc', since: null, at, why: 'a test', newSamples: 1 }
  return (await runs.create(run, (await runs.latest())?.run.id))!
}

/** What promote-model does. */
async function judge({ id }: Run): Promise<void> {
  const about = { dataset, model: 'photos', run: id, snapshot: 'abc', version: 3, channel: 'stable' }
  const judgement = { verdict: 'refuse' as const, why: 'a test', figures: {} }
  await runs.setVerdict(id, { ...about, serving: null, judgement })
}

const status = async (run: Run) => (await runs.state(run.id))?.status
const trained = () => events.filter(({ type }) => type === 'model.trained')
const eventually = (check: () => unknown, timeout = 20_000) => vi.waitFor(check, { timeout, interval: 10 })

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'edgeloop-controller-'))
  s3 = await createS3Server({ directory, host: '127.0.0.1', port: 0, buckets: ['test'], ...credentials })
  bucket = open(s3.url)
})
afterAll(async () => {
  bucket.close()
  await s3.close()
  await rm(directory, { recursive: true, force: true })
})
beforeEach(async () => {
  complaints = vi.spyOn(console, 'error').mockImplementation(() => {})
  tests++
  dataset = `photos-${tests}`
  runs = runStore(bucket, dataset)
  link = await createLink(s3.port)
  store = open(`http://127.0.0.1:${link.port}`)
  jobs = [ends({ version: 3 })]
  started = []
  attempts = []
  events = []
  publish = async (event) => void events.push(event)
})
afterEach(async () => {
  await controller?.close()
  controller = undefined
  store.close()
  await link.close()
  complaints.mockRestore()
})

describe('the training controller', () => {
  it('has a requested run trained, and tells how it goes', async () => {
    start()
    const run = await request()
    await eventually(() => expect(trained()).toHaveLength(1))
    expect(events.map(({ type }) => type)).toEqual(['retrain.started', 'retrain.progress', 'model.trained'])
    const about = { dataset, model: 'photos', run: run.id, snapshot: 'abc' }
    expect(events.map(({ data }) => data)).toEqual([
      { ...about, stage: 'start', done: 0 },
      { ...about, stage: 'fit', done: 0.5 },
      { ...about, version: 3 },
    ])
    expect(await status(run)).toMatchObject({ state: 'trained', attempt: 1, version: 3 })
    expect(complaints).not.toHaveBeenCalled()
  })

  it('looks at once when it is told to', async () => {
    start(60_000)
    await request()
    controller!.poke()
    await eventually(() => expect(trained()).toHaveLength(1))
  })

  it('does a run once, and then the next one', async () => {
    start()
    const first = await request()
    await eventually(() => expect(trained()).toHaveLength(1))
    await judge(first)
    const second = await request()
    await eventually(() => expect(trained()).toHaveLength(2))
    expect(started).toEqual([first.id, second.id])
  })

  it('repeats a crashed job, up to three times, and then gives the run up', async () => {
    jobs = [ends({ error: 'the job was killed by SIGKILL' })]
    start()
    const run = await request()
    await eventually(async () => expect((await status(run))?.state).toBe('failed'))
    expect([started.length, attempts]).toEqual([3, [1, 2, 3]])
    expect(await status(run)).toMatchObject({ attempt: 3, error: 'the job was killed by SIGKILL' })
    expect(complaints.mock.calls.map(([text]: unknown[]) => text)).toEqual(
      [1, 2, 3].map((n) => `run ${run.id}, attempt ${n}: the job was killed by SIGKILL`)
    )
    expect(trained()).toEqual([])
    jobs = [ends({ version: 4 })]
    await request()
    await eventually(() => expect(trained()).toHaveLength(1))
  })

  it('goes on after a job that crashed once', async () => {
    jobs = [ends({ error: 'out of memory' }), ends({ version: 3 })]
    start()
    const run = await request()
    await eventually(() => expect(trained()).toHaveLength(1))
    expect(await status(run)).toMatchObject({ state: 'trained', attempt: 2, version: 3 })
  })

  it('starts a job again that had not ended when it was stopped', async () => {
    jobs = [endless, ends({ version: 3 })]
    start()
    const run = await request()
    await eventually(() => expect(started).toHaveLength(1))
    await controller!.close()
    expect(await status(run)).toMatchObject({ state: 'started' })
    start()
    await eventually(() => expect(trained()).toHaveLength(1))
    expect([started, attempts]).toEqual([
      [run.id, run.id],
      [1, 1],
    ])
  })

  it('tells its job when it is stopped', async () => {
    let told = false
    jobs = [
      (_job, _onProgress, signal) =>
        new Promise((resolve) =>
          signal.addEventListener('abort', () => {
            told = true
            resolve({ error: 'stopped' })
          })
        ),
    ]
    start()
    await request()
    await eventually(() => expect(started).toHaveLength(1))
    await controller!.close()
    expect(told).toBe(true)
  })

  it('does not count against a job that it could not be started', async () => {
    jobs = [() => Promise.reject(new Error('the cluster is away')), ends({ version: 3 })]
    start()
    const run = await request()
    await eventually(() => expect(trained()).toHaveLength(1))
    expect(attempts).toEqual([1, 1])
    expect(await status(run)).toMatchObject({ attempt: 1 })
    expect(complaints.mock.calls).toEqual([['training controller:', 'the cluster is away']])
  })

  it('gives a run three chances, however often it was stopped in the middle of it', async () => {
    jobs = [endless, endless, endless, ends({ error: 'out of memory' }), ends({ version: 3 })]
    const run = await request()
    for (let stops = 1; stops <= 3; stops++) {
      start()
      await eventually(() => expect(started).toHaveLength(stops))
      await controller!.close()
    }
    start()
    await eventually(() => expect(trained()).toHaveLength(1))
    expect((await status(run))?.state).toBe('trained')
  })

  it('says again after a restart what may not have been heard, until there is a verdict', async () => {
    start()
    const run = await request()
    await eventually(() => expect(trained()).toHaveLength(1))
    await controller!.close()
    start()
    await eventually(() => expect(trained()).toHaveLength(2))
    expect(trained()[1]!.id).toBe(trained()[0]!.id)
    expect(started).toHaveLength(1)
    await controller!.close()
    await judge(run)
    start()
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(trained()).toHaveLength(2)
  })

  it('says it until somebody takes it', async () => {
    let attempts = 0
    publish = async (event) => {
      if (event.type !== 'model.trained') return
      attempts++
      if (attempts < 3) throw new Error('the broker is away')
      events.push(event)
    }
    start()
    await request()
    await eventually(() => expect(trained()).toHaveLength(1))
    expect([attempts, started.length]).toEqual([3, 1])
  })

  it('stops although nobody takes what it says', async () => {
    publish = (event) => (event.type === 'model.trained' ? new Promise(() => {}) : Promise.resolve())
    start()
    const run = await request()
    await eventually(async () => expect((await status(run))?.state).toBe('trained'))
    const begun = performance.now()
    await controller!.close()
    expect(performance.now() - begun).toBeLessThan(1000)
  })

  it('goes on when S3 is back', async () => {
    link.cut()
    start()
    const run = await request()
    await eventually(() => expect(complaints).toHaveBeenCalled())
    link.heal()
    await eventually(() => expect(trained()).toHaveLength(1))
    expect((await status(run))?.attempt).toBe(1)
  })
})
