import { describe, expect, it, vi } from 'vitest'
import { serve } from '../../test/support/index.ts'
import { ANNOTATIONS, HEADERS, LABELS, ROUTES, type Row } from './table.ts'

/** A gateway with the function `one`, which says what it was asked. */
export interface CompatibilityTarget {
  url: string
  authorization: string
  /** Deploys `one` anew. @returns the gateway's answer */
  deploy(more: { labels?: Record<string, string>; annotations?: Record<string, string> }): Promise<Response>
}

type Probe = (target: CompatibilityTarget) => unknown

const ask = (
  { url, authorization }: CompatibilityTarget,
  method: string,
  path: string,
  init: RequestInit = {}
) => fetch(`${url}${path}`, { method, ...init, headers: { authorization, ...init.headers } })
const echoed = async (target: CompatibilityTarget, headers: Record<string, string> = {}) =>
  (await (await ask(target, 'POST', '/function/one', { headers })).json()) as {
    headers: Record<string, string>
  }
const answered = async (target: CompatibilityTarget, headers: Record<string, string> = {}) =>
  (await ask(target, 'POST', '/function/one', { headers })).headers

/** What a caller is sent who wants to be called back. */
async function calledBack(target: CompatibilityTarget): Promise<Headers> {
  const heard: Headers[] = []
  const caller = await serve((request) => {
    heard.push(request.headers)
    return new Response()
  })
  await ask(target, 'POST', '/async-function/one', { headers: { 'X-Callback-Url': caller.url } })
  await vi.waitFor(() => expect(heard).toHaveLength(1), { timeout: 20_000 })
  await caller.close()
  return heard[0]!
}

const headerProbes: Record<string, Probe> = {
  'X-Call-Id': async (target) => {
    expect((await answered(target, { 'X-Call-Id': 'mine' })).get('x-call-id')).toBe('mine')
    expect((await echoed(target)).headers['x-call-id']).toMatch(/./)
  },
  'X-Start-Time': async (target) => {
    expect((await answered(target)).get('x-start-time')).toMatch(/^\d{19}$/)
    expect((await echoed(target)).headers['x-start-time']).toMatch(/^\d{19}$/)
  },
  'X-Duration-Seconds': async (target) =>
    expect((await answered(target)).get('x-duration-seconds')).toMatch(/^\d+\.\d+$/),
  'X-Forwarded-For': async (target) =>
    expect((await echoed(target, { 'X-Forwarded-For': '10.1.2.3' })).headers['x-forwarded-for']).toMatch(
      /^10\.1\.2\.3/
    ),
  'X-Forwarded-Host': async (target) =>
    expect((await echoed(target)).headers['x-forwarded-host']).toBe(new URL(target.url).host),
  'X-Callback-Url': calledBack,
  'X-Function-Name': async (target) => expect((await calledBack(target)).get('x-function-name')).toBe('one'),
  'X-Function-Status': async (target) =>
    expect((await calledBack(target)).get('x-function-status')).toBe('200'),
  'X-OpenFaaS-Internal': async (target) => {
    expect((await ask(target, 'POST', '/function/nobody')).headers.get('x-openfaas-internal')).toBe('gateway')
    expect((await answered(target)).has('x-openfaas-internal')).toBe(false)
  },
}

/** A label that is read is refused where nothing can be made of it. */
const refusedLabels: Record<string, string> = {
  'com.openfaas.scale.min': '0',
  'com.openfaas.scale.max': 'many',
  'com.openfaas.scale.target': '-1',
  'com.openfaas.scale.zero': 'maybe',
  'com.openfaas.scale.zero-duration': 'soon',
}
const labelProbes: Record<string, Probe> = {
  ...Object.fromEntries(
    Object.entries(refusedLabels).map(([label, value]) => [
      label,
      async (target: CompatibilityTarget) =>
        expect((await target.deploy({ labels: { [label]: value } })).status).toBe(400),
    ])
  ),
  'com.openfaas.scale.type': async ({ deploy }) => {
    const labels = (type: string) => ({
      labels: { 'com.openfaas.scale.max': '2', 'com.openfaas.scale.type': type },
    })
    expect((await deploy(labels('rps'))).status).toBe(400)
    expect((await deploy(labels('cpu'))).status).toBe(202)
  },
}

const asynchronous = async (target: CompatibilityTarget, annotations: Record<string, string>) => {
  await target.deploy({ annotations })
  const headers = { 'X-Call-Id': crypto.randomUUID() }
  await ask(target, 'GET', '/async-function/one/status/503', { headers })
  const letters = () => ask(target, 'GET', '/system/async/dead-letters?function=one.openfaas-fn')
  return vi.waitFor(
    async () => {
      const found = (
        (await (await letters()).json()) as { callId: string; attempts: number; sequence: number }[]
      ).find(({ callId }) => callId === headers['X-Call-Id'])
      expect(found).toBeDefined()
      return found!
    },
    { timeout: 20_000, interval: 50 }
  )
}
const quick = { 'com.openfaas.retry.min_wait': '10ms', 'com.openfaas.retry.max_wait': '20ms' }
const kept = (name: string, value: string) => async (target: CompatibilityTarget) => {
  expect((await target.deploy({ annotations: { [name]: value } })).status).toBe(202)
  expect((await (await ask(target, 'GET', '/system/function/one')).json()).annotations).toEqual({
    [name]: value,
  })
}

const annotationProbes: Record<string, Probe> = {
  topic: kept('topic', 'events/+, cron-function'),
  schedule: async ({ deploy }) => {
    expect((await deploy({ annotations: { schedule: 'at noon' } })).status).toBe(400)
    expect((await deploy({ annotations: { schedule: '@every 10m' } })).status).toBe(202)
  },
  'com.openfaas.profile': async ({ deploy }) =>
    expect((await deploy({ annotations: { 'com.openfaas.profile': 'nobody-has-it' } })).status).toBe(400),
  // What a probe asks is shown by the tests of the Kubernetes provider.
  'com.openfaas.health.http.path': kept('com.openfaas.health.http.path', '/_/health'),
  'com.openfaas.health.http.initialDelay': kept('com.openfaas.health.http.initialDelay', '1s'),
  'com.openfaas.ready.http.path': kept('com.openfaas.ready.http.path', '/_/ready'),
  'com.openfaas.ready.http.initialDelay': kept('com.openfaas.ready.http.initialDelay', '1s'),
  'com.openfaas.retry.attempts': async (target) =>
    expect(await asynchronous(target, { ...quick, 'com.openfaas.retry.attempts': '2' })).toMatchObject({
      attempts: 2,
    }),
  'com.openfaas.retry.codes': async (target) =>
    expect(await asynchronous(target, { ...quick, 'com.openfaas.retry.codes': '500' })).toMatchObject({
      attempts: 1,
    }),
  // Ten attempts with the usual waits would last longer than this test waits.
  'com.openfaas.retry.min_wait': async (target) =>
    expect(await asynchronous(target, quick)).toMatchObject({ attempts: 10 }),
  'com.openfaas.retry.max_wait': async (target) =>
    expect(await asynchronous(target, quick)).toMatchObject({ attempts: 10 }),
}

/** What the table says, on a gateway that runs. */
export function compatibilityContract(open: () => CompatibilityTarget): void {
  describe('the table of docs/openfaas-compatibility.md', () => {
    let target: CompatibilityTarget

    it.each(ROUTES)('$name: $support', async ({ name, support }) => {
      target = open()
      const [method, path] = name.split(' ') as [string, string]
      // Nothing is called like that: what is there says so in its own way, or that something is wrong with the request.
      const response = await ask(target, method, path.replace('{name}', 'nobody'), {
        body: method === 'GET' ? undefined : 'x',
        signal: AbortSignal.timeout(10_000),
      })
      const text = await response.text()
      expect([name, text.includes(`${method} ${path} is not here`)]).toEqual([name, support === 'absent'])
      if (support !== 'absent') expect(response.status).toBeLessThan(500)
    })

    const probed = (rows: readonly Row[], probes: Record<string, Probe>) => {
      const there = rows.filter(({ support }) => support !== 'absent')
      it('has a probe of each row that says it is there', () =>
        expect(there.map(({ name }) => name).sort()).toEqual(Object.keys(probes).sort()))
      it.each(there)('$name: $support', async ({ name }) => {
        target = open()
        expect((await target.deploy({})).status).toBe(202)
        await vi.waitFor(async () => expect((await ask(target, 'GET', '/function/one')).status).toBe(200), {
          timeout: 60_000,
        })
        await probes[name]!(target)
      })
    }
    describe('headers', () => probed(HEADERS, headerProbes))
    describe('labels', () => probed(LABELS, labelProbes))
    describe('annotations', () => probed(ANNOTATIONS, annotationProbes))

    it.each([...LABELS, ...ANNOTATIONS].filter(({ support }) => support === 'absent'))(
      '$name: ignored, and kept as it was asked for',
      async ({ name }) => {
        target = open()
        const asked = LABELS.some((row) => row.name === name)
          ? { labels: { [name]: '0.5' } }
          : { annotations: { [name]: 'x' } }
        expect((await target.deploy(asked)).status).toBe(202)
        expect(await (await ask(target, 'GET', '/system/function/one')).json()).toMatchObject(asked)
      }
    )
  })
}
