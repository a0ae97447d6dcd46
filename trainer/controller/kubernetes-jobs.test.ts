import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { KubeConfig, type V1ContainerState, type V1Pod, type V1PodStatus } from '@kubernetes/client-node'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import type { Run } from '../../lib/dataset/index.ts'
import { createKubernetesClient, type KubernetesClient, kubeConfigFrom } from '../../lib/kubernetes/index.ts'
import { openFakeApiServer } from './fake-api-server.ts'
import { jobName, NOT_AT_AN_EDGE } from './job-object.ts'
import { kubernetesJobs } from './kubernetes-jobs.ts'
import type { JobEnd, JobRequest } from './start-job.ts'

const eventually = (check: () => unknown) => vi.waitFor(check, { timeout: 10_000, interval: 5 })

const run: Run = {
  id: '000007',
  dataset: 'photos',
  model: 'photos',
  snapshot: 'abc',
  since: null,
  at: '2026-01-02T03:04:05.000Z',
  why: 'a test',
  newSamples: 1,
}
const job: JobRequest = { run, attempt: 1 }
const name = jobName(job)

let server: Awaited<ReturnType<typeof openFakeApiServer>>
let client: KubernetesClient
let stop: AbortController
let progress: [string, number][]
let complaints: ReturnType<typeof vi.spyOn>

function start(request = job, startMs?: number): Promise<JobEnd> {
  const startJob = kubernetesJobs({
    startMs,
    client,
    namespace: 'edgeloop',
    image: 'registry.local/edgeloop:1',
    args: ['job.js'],
    environment: { DATASET: 'photos', S3_ENDPOINT: 'http://s3', S3_BUCKET: 'edgeloop' },
    secret: 'edgeloop',
    resources: { requests: { cpu: '1' }, limits: { memory: '2Gi' } },
    deadlineSeconds: 600,
    keepSeconds: 3600,
    pollMs: 10,
  })
  return startJob(request, (stage, done) => progress.push([stage, done]), stop.signal)
}

const container = (state: V1ContainerState): V1PodStatus['containerStatuses'] => [
  { name: 'job', image: 'i', imageID: '', ready: false, restartCount: 0, state },
]
const running: V1PodStatus = { phase: 'Running', containerStatuses: container({ running: {} }) }
const terminated = (exitCode: number, more: { message?: string; reason?: string; signal?: number } = {}) => ({
  phase: exitCode === 0 ? 'Succeeded' : 'Failed',
  containerStatuses: container({ terminated: { exitCode, ...more } }),
})
const created = () => eventually(() => expect(server.jobs.has(name)).toBe(true))
const failedBecause = (reason: string, message?: string) => ({
  conditions: [{ type: 'Failed', status: 'True', reason, message }],
})

beforeEach(async () => {
  complaints = vi.spyOn(console, 'error').mockImplementation(() => {})
  server = await openFakeApiServer()
  const config = new KubeConfig()
  config.loadFromClusterAndUser(
    { name: 'test', server: server.url, skipTLSVerify: true },
    { name: 'trainer', token: 'a token' }
  )
  client = createKubernetesClient(config)
  stop = new AbortController()
  progress = []
})
afterEach(async () => {
  stop.abort()
  client.close()
  await server.close()
  complaints.mockRestore()
})

describe('a training Job', () => {
  it('is one pod, one try, with no rights and nothing to write to', async () => {
    const ending = start()
    await created()
    const { metadata, spec } = server.jobs.get(name)!
    expect(name).toMatch(/^train-photos-000007-1-[0-9a-f]{8}$/)
    expect(metadata).toMatchObject({
      namespace: 'edgeloop',
      labels: { 'app.kubernetes.io/managed-by': 'edgeloop', 'edgeloop.dev/run': '000007' },
    })
    expect(spec).toMatchObject({
      backoffLimit: 0,
      activeDeadlineSeconds: 600,
      ttlSecondsAfterFinished: 3600,
      template: {
        spec: {
          restartPolicy: 'Never',
          automountServiceAccountToken: false,
          securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
          volumes: [
            { name: 'tmp', emptyDir: {} },
            { name: 'secrets', secret: { secretName: 'edgeloop', defaultMode: 0o444 } },
          ],
        },
      },
    })
    const [pod] = spec!.template.spec!.containers
    expect(pod).toMatchObject({
      image: 'registry.local/edgeloop:1',
      args: ['job.js'],
      resources: { requests: { cpu: '1' }, limits: { memory: '2Gi' } },
      securityContext: {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      },
    })
    expect(Object.fromEntries(pod!.env!.map(({ name, value }) => [name, value]))).toEqual({
      DATASET: 'photos',
      S3_ENDPOINT: 'http://s3',
      S3_BUCKET: 'edgeloop',
      RUN: '000007',
      SECRETS_DIR: '/var/openfaas/secrets',
      TERMINATION_LOG: '/dev/termination-log',
    })
    stop.abort()
    await ending
  })

  it('lands where the profile cloud says', () => {
    const file = fileURLToPath(new URL('../../edge-profiles/cloud.yml', import.meta.url))
    expect(NOT_AT_AN_EDGE).toEqual(parse(readFileSync(file, 'utf8')).spec.affinity)
  })

  it('has a name of its own for each attempt, and for each life of the bucket', () => {
    const others = [
      { run, attempt: 2 },
      { run: { ...run, id: '000008' }, attempt: 1 },
      { run: { ...run, snapshot: 'def' }, attempt: 1 },
      { run: { ...run, at: '2026-02-02T03:04:05.000Z' }, attempt: 1 },
      { run: { ...run, dataset: `${'photos-'.repeat(8)}1` }, attempt: 1 },
      { run: { ...run, dataset: `${'photos-'.repeat(8)}2` }, attempt: 1 },
    ].map(jobName)
    expect(new Set([name, ...others]).size).toBe(7)
    for (const one of others) expect(one).toMatch(/^[a-z0-9]([-a-z0-9]{0,55}[a-z0-9])$/)
    expect(jobName({ run: { ...run }, attempt: 1 })).toBe(name)
  })

  it('tells its progress by its log, over broken connections, and its end by its last word', async () => {
    const ending = start()
    await created()
    server.pod(name, { phase: 'Pending' })
    server.pod(name, running)
    server.write(name, { stage: 'features', done: 0.5 })
    server.write(name, 'a line of something else')
    await eventually(() => expect(progress).toEqual([['features', 0.5]]))
    server.breakLogs()
    server.write(name, { stage: 'fit', done: 1 })
    await eventually(() =>
      expect(progress).toEqual([
        ['features', 0.5],
        ['fit', 1],
      ])
    )
    server.write(name, { stage: 'publish', done: 1 })
    server.endLog(name)
    server.pod(name, terminated(0, { message: '{"version":3}' }))
    expect(await ending).toEqual({ version: 3 })
    expect(progress.at(-1)).toEqual(['publish', 1])
    expect(server.jobs.has(name)).toBe(true)
  })

  it('is found again by a controller that comes back, running or ended', async () => {
    const leaving = start()
    await created()
    server.pod(name, running)
    stop.abort()
    await leaving
    expect(server.jobs.has(name)).toBe(true)
    stop = new AbortController()
    const again = start()
    await eventually(() => expect(server.requests.filter((one) => one.startsWith('POST'))).toHaveLength(2))
    server.pod(name, terminated(0, { message: '{"version":4}' }))
    expect(await again).toEqual({ version: 4 })
    expect(await start()).toEqual({ version: 4 })
    expect(server.jobs.size).toBe(1)
  })

  it('goes on while the API server is away', async () => {
    const ending = start()
    await created()
    server.pod(name, running)
    server.fail(503)
    await new Promise((resolve) => setTimeout(resolve, 60))
    server.pod(name, terminated(0, { message: '{"version":5}' }))
    server.fail(undefined)
    expect(await ending).toEqual({ version: 5 })
  })

  it.each([
    [503, 'UNAVAILABLE'],
    [403, 'MISCONFIGURED'],
  ])('that cannot be created (%i) is no failed job', async (status, code) => {
    server.fail(status)
    await expect(start()).rejects.toMatchObject({ code })
  })
})

describe('a training Job that fails', () => {
  const where = `(Job edgeloop/${name})`

  it.each<[string, V1PodStatus, string]>([
    [
      'says why',
      terminated(1, { message: '{"error":{"error":"there is no run 000007","code":"NOT_FOUND"}}' }),
      'there is no run 000007',
    ],
    [
      'without a word',
      terminated(1, { message: 'Segmentation' }),
      'the job ended with exit code 1, without a word',
    ],
    ['by a signal', terminated(137, { signal: 9 }), 'the job ended by signal 9, without a word'],
    ['out of memory', terminated(137, { reason: 'OOMKilled' }), 'the job needed more memory than 2Gi'],
    [
      'by eviction',
      { phase: 'Failed', reason: 'Evicted', message: 'The node was low on memory.' },
      "the job's pod failed: The node was low on memory.",
    ],
  ])('%s', async (_name, status, error) => {
    const ending = start()
    await created()
    server.endLog(name)
    server.pod(name, status)
    expect(await ending).toEqual({ error: `${error} ${where}` })
  })

  it('without a last word may have said it in its log', async () => {
    const ending = start()
    await created()
    server.write(name, { version: 6 })
    server.endLog(name)
    server.pod(name, terminated(0))
    expect(await ending).toEqual({ version: 6 })
  })

  it('by taking too long, or by itself', async () => {
    const late = start()
    await created()
    server.job(name, failedBecause('DeadlineExceeded', 'Job was active longer than specified deadline'))
    expect(await late).toEqual({ error: `the job took longer than 600 seconds ${where}` })
    server.job(name, failedBecause('BackoffLimitExceeded', 'Job has reached the specified backoff limit'))
    expect(await start()).toEqual({
      error: `the job failed: Job has reached the specified backoff limit ${where}`,
    })
  })

  it('because somebody has deleted it', async () => {
    const ending = start()
    await created()
    server.pod(name, running)
    server.remove(name)
    expect(await ending).toEqual({ error: `the Job has vanished: somebody has deleted it ${where}` })
  })

  it('because somebody is deleting it', async () => {
    const ending = start()
    await created()
    server.pod(name, running)
    const job = server.jobs.get(name)!
    job.metadata!.deletionTimestamp = new Date()
    expect(await ending).toEqual({ error: `the Job has vanished: somebody has deleted it ${where}` })
  })

  it('to start for want of its image, in the end; then it does not start later either', async () => {
    const ending = start(job, 100)
    await created()
    server.pod(name, {
      phase: 'Pending',
      containerStatuses: container({ waiting: { reason: 'ImagePullBackOff', message: 'no such image' } }),
    })
    expect(await ending).toEqual({
      error: `the job could not start: ImagePullBackOff: no such image ${where}`,
    })
    expect(server.jobs.has(name)).toBe(false)
  })

  it('to start is named while it waits, once', async () => {
    const ending = start()
    await created()
    const conditions = [
      { type: 'PodScheduled', status: 'False', message: '0/3 nodes are available: 3 Insufficient memory.' },
    ]
    server.pod(name, { phase: 'Pending', conditions })
    await eventually(() => expect(complaints).toHaveBeenCalled())
    server.pod(name, {
      phase: 'Pending',
      containerStatuses: container({ waiting: { reason: 'ImagePullBackOff', message: 'no such image' } }),
    })
    await eventually(() => expect(complaints).toHaveBeenCalledTimes(2))
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(complaints.mock.calls).toEqual([
      ['run 000007 waits: 0/3 nodes are available: 3 Insufficient memory.'],
      ['run 000007 waits: ImagePullBackOff: no such image'],
    ])
    server.pod(name, terminated(0, { message: '{"version":7}' }))
    server.endLog(name)
    expect(await ending).toEqual({ version: 7 })
  })
})

/** A cluster whose cloud node has Edgeloop's own image, EDGELOOP_IMAGE: `npm run test:cluster` brings one up. */
describe.skipIf(!process.env.EDGELOOP_KUBECONFIG)('on a real cluster', () => {
  const NAMESPACE = 'edgeloop'
  let admin: KubernetesClient
  let trainer: KubernetesClient

  const create = (path: string, object: object) =>
    admin.create(path, object).catch((error: { code?: string }) => {
      if (error.code !== 'CONFLICT') throw error
    })

  beforeAll(async () => {
    const config = kubeConfigFrom({ KUBECONFIG: process.env.EDGELOOP_KUBECONFIG })
    admin = createKubernetesClient(config)
    await create('/api/v1/namespaces', { metadata: { name: NAMESPACE } })
    await create(`/api/v1/namespaces/${NAMESPACE}/secrets`, {
      metadata: { name: 'training-test' },
      stringData: { key: 'a secret' },
    })
    const file = fileURLToPath(new URL('../../deploy/base/cloud/trainer-rbac.yml', import.meta.url))
    for (const document of parseAllDocuments(readFileSync(file, 'utf8'))) {
      const object = document.toJS() as { apiVersion: string; kind: string }
      const group = object.apiVersion === 'v1' ? '/api/v1' : `/apis/${object.apiVersion}`
      await create(`${group}/namespaces/${NAMESPACE}/${object.kind.toLowerCase()}s`, object)
    }
    // The rights of the controller's own account: what they do not suffice for fails here.
    const account = `/api/v1/namespaces/${NAMESPACE}/serviceaccounts/trainer/token`
    const { status } = await admin.create<{ status?: { token: string } }>(account, {})
    const own = new KubeConfig()
    own.loadFromClusterAndUser(config.getCurrentCluster()!, { name: 'trainer', token: status!.token })
    trainer = createKubernetesClient(own)
  })
  afterAll(() => {
    admin?.close()
    trainer?.close()
  })

  /** A run of its own, with a script in place of the job. */
  function begin(script: string, request: JobRequest): Promise<JobEnd> {
    const startJob = kubernetesJobs({
      client: trainer,
      namespace: NAMESPACE,
      image: process.env.EDGELOOP_IMAGE ?? 'registry.local/edgeloop:0.1.0',
      args: ['-e', script],
      environment: { DATASET: 'photos' },
      secret: 'training-test',
      resources: { limits: { memory: '256Mi', cpu: '1' } },
      deadlineSeconds: 60,
      keepSeconds: 60,
    })
    return startJob(request, (stage, done) => progress.push([stage, done]), stop.signal)
  }
  const requestOf = (id: string): JobRequest => ({
    run: { ...run, id, at: new Date().toISOString() },
    attempt: 1,
  })
  const soon = (check: () => unknown) => vi.waitFor(check, { timeout: 60_000, interval: 200 })

  it('a job runs in the cloud, reads its secret, and its log and last word come back', async () => {
    const request = requestOf('000001')
    const script = `
      const { readFileSync, writeFileSync } = require('node:fs')
      console.log(JSON.stringify({ stage: readFileSync(process.env.SECRETS_DIR + '/key', 'utf8'), done: 0.5 }))
      writeFileSync('/tmp/scratch', '')
      try { writeFileSync('/scratch', ''); process.exit(2) } catch {}
      if (process.getuid() === 0) process.exit(3)
      setTimeout(() => writeFileSync(process.env.TERMINATION_LOG, '{"version":8}'), 1500)`
    expect(await begin(script, request)).toEqual({ version: 8 })
    expect(progress).toEqual([['a secret', 0.5]])
    const { items } = await admin.list<V1Pod>(`/api/v1/namespaces/${NAMESPACE}/pods`, {
      labelSelector: `edgeloop.dev/job=${jobName(request)}`,
    })
    expect(items.map(({ spec }) => spec?.nodeName)).toEqual(['cloud'])
  }, 90_000)

  it('a job that fails says how', async () => {
    const thrown = begin('process.exit(7)', requestOf('000002'))
    expect(await thrown).toMatchObject({ error: expect.stringContaining('with exit code 7, without a word') })
    const greedy = 'const all = []; for (;;) all.push(Buffer.alloc(1e7, 1))'
    expect(await begin(greedy, requestOf('000003'))).toMatchObject({
      error: expect.stringContaining('the job needed more memory than 256Mi'),
    })
  }, 120_000)

  it('a job outlives its controller, which finds it again', async () => {
    const request = requestOf('000004')
    const wait = `const { writeFileSync } = require('node:fs')
      console.log('{"stage":"fit","done":0}')
      setTimeout(() => writeFileSync(process.env.TERMINATION_LOG, '{"version":9}'), 4000)`
    const leaving = begin(wait, request)
    await soon(() => expect(progress).toEqual([['fit', 0]]))
    stop.abort()
    await leaving
    stop = new AbortController()
    expect(await begin(wait, request)).toEqual({ version: 9 })
  }, 120_000)
})
