import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Deployment } from '../lib/stack/index.ts'
import { serve } from '../test/support/index.ts'
import type { Credentials } from './auth/index.ts'
import { compatibilityContract } from './compatibility/compatibility.contract.ts'
import { type Check, describedBy } from './described.fixture.ts'
import { recordedSteps } from './faas-cli/recorded.fixture.ts'
import { findFaasCli, runStep, type Session, stepsOf } from './faas-cli/session.fixture.ts'
import type { FunctionStatus, LogLine } from './provider.ts'

/** A gateway under test, on a place where functions can run, with nothing deployed. */
export interface GatewayTarget {
  url: string
  credentials: Credentials
  /** A deployment of what `echo.fixture.ts` does, under one of the names one, two, … eight. */
  echo(service: string, more?: Partial<Deployment>): Deployment
  /** Removes what was deployed, too. */
  close(): Promise<void>
}

const eventually = <T>(check: () => T | Promise<T>) => vi.waitFor(check, { timeout: 60_000, interval: 50 })
const unique = (what: string) => `${what}-${randomBytes(4).toString('hex')}`
const basic = ({ user, password }: Credentials) =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

/** What faas-cli and people rely on, as they see it over HTTP; each answer is held against /openapi.json. */
export function gatewayContract(name: string, open: () => Promise<GatewayTarget>): void {
  describe(`${name}: the gateway contract`, { timeout: 180_000 }, () => {
    let target: GatewayTarget
    let echo: GatewayTarget['echo']
    let check: Check

    beforeEach(async () => {
      target = await open()
      ;({ echo } = target)
      check = await describedBy(target.url)
    }, 120_000)
    afterEach(() => target.close(), 120_000)

    async function send(
      method: string,
      route: string,
      body?: BodyInit,
      headers: HeadersInit = {}
    ): Promise<Response> {
      const url = new URL(route, target.url)
      const response = await fetch(url, { method, headers, body: body ?? null })
      await check(method, url.pathname, response)
      return response
    }
    const authorized = () => ({
      Authorization: basic(target.credentials),
      'Content-Type': 'application/json',
    })
    const call = (method: string, route: string, body?: unknown) =>
      send(method, route, body === undefined ? undefined : JSON.stringify(body), authorized())
    const status = async (method: string, route: string, body?: unknown) =>
      (await call(method, route, body)).status
    const get = async <T>(route: string): Promise<T> => (await call('GET', route)).json() as Promise<T>
    const refusal = async (response: Response) => {
      const body = (await response.json()) as { error: string; code: string }
      return [response.status, body.code, body.error]
    }
    const deploy = (service: string, more: Partial<Deployment> = {}) =>
      call('POST', '/system/functions', echo(service, more))
    const list = () => get<FunctionStatus[]>('/system/functions')

    compatibilityContract(() => ({
      url: target.url,
      authorization: basic(target.credentials),
      deploy: (more) => deploy('one', more),
    }))

    describe('asynchronous calls', () => {
      it('are taken at once and answered where they say', async () => {
        await deploy('one')
        const heard: { headers: Headers; body: string }[] = []
        const caller = await serve(async (request) => {
          heard.push({ headers: request.headers, body: await request.text() })
          return new Response()
        })
        const headers = { 'X-Callback-Url': caller.url, 'X-Call-Id': 'the-call' }
        const taken = await send('POST', '/async-function/one/a?b=c', 'later', headers)
        expect([taken.status, taken.headers.get('x-call-id')]).toEqual([202, 'the-call'])
        await eventually(() => expect(heard).toHaveLength(1))
        expect(JSON.parse(heard[0]!.body)).toMatchObject({ path: '/a', query: '?b=c', body: 'later' })
        expect(heard[0]!.headers.get('x-function-status')).toBe('200')
        expect(heard[0]!.headers.get('x-call-id')).toBe('the-call')
        await eventually(async () =>
          expect(await get('/system/async')).toMatchObject({ bytes: 0, functions: [{ queued: 0 }] })
        )
        await caller.close()
      })

      it('for nobody are refused, and so are those that nothing can be made of', async () => {
        expect(await refusal(await send('POST', '/async-function/nobody', 'x'))).toEqual([
          404,
          'NOT_FOUND',
          'there is no function "nobody"',
        ])
        await deploy('one')
        const headers = { 'X-Callback-Url': 'nowhere' }
        expect((await send('POST', '/async-function/one', 'x', headers)).status).toBe(400)
        expect((await send('GET', '/system/async')).status).toBe(401)
        expect(await status('GET', '/system/async/dead-letters?function=')).toBe(400)
        expect(await status('POST', '/system/async/dead-letters/call/one.openfaas-fn/7/replay')).toBe(404)
        expect(await get('/system/async/dead-letters?function=one.openfaas-fn')).toEqual([])
      })
    })

    describe('functions', () => {
      it('are deployed as faas-cli does: an update first, and a creation when there is nothing to update', async () => {
        expect(await refusal(await call('PUT', '/system/functions', echo('one')))).toEqual([
          404,
          'NOT_FOUND',
          'there is no function "one"',
        ])
        expect((await deploy('one')).status).toBe(202)
        const update = echo('one', { envVars: { GREETING: 'hello' } })
        expect(await status('PUT', '/system/functions', update)).toBe(202)
        expect(await list()).toMatchObject([{ name: 'one', envVars: { GREETING: 'hello' } }])
        await eventually(async () => {
          const response = await send('GET', '/function/one/environment')
          expect(await response.json()).toEqual({ greeting: 'hello' })
        })
      })

      it('are listed with exactly what was asked for', async () => {
        const asked = {
          envVars: { A: '1' },
          labels: { team: 'a' },
          annotations: { topic: 'a, b' },
          limits: { memory: '256Mi', cpu: '1' },
          requests: { memory: '64Mi' },
          constraints: [],
          secrets: [],
          readOnlyRootFilesystem: true,
        }
        await deploy('one', asked)
        const { service: _, ...deployment } = echo('one', asked)
        const [{ replicas, availableReplicas, invocationCount, createdAt, status, ...listed }] =
          (await list()) as [FunctionStatus]
        expect(listed).toEqual({ name: 'one', ...deployment })
        expect([replicas, invocationCount, Number.isNaN(Date.parse(createdAt))]).toEqual([1, 0, false])
        const described = await get<FunctionStatus>('/system/function/one?usage=1&namespace=')
        expect(described).toMatchObject({ name: 'one', ...deployment })
      })

      it('are removed', async () => {
        await deploy('one')
        // Older releases of faas-cli say so in the query.
        const route = '/system/functions?namespace=nowhere'
        expect(await status('DELETE', route, { functionName: 'one' })).toBeGreaterThanOrEqual(400)
        expect(await list()).toMatchObject([{ name: 'one' }])
        expect(await status('DELETE', '/system/functions', { functionName: 'one' })).toBe(202)
        expect(await status('DELETE', '/system/functions', { functionName: 'one' })).toBe(404)
        expect(await list()).toEqual([])
        expect(await status('GET', '/system/function/one')).toBe(404)
      })

      it('say where they would run before they do', async () => {
        const { nodes } = (await (await call('POST', '/system/placement', echo('one'))).json()) as {
          nodes: string[]
        }
        expect(nodes).toContain('cloud')
        expect(await list()).toEqual([])
        const nowhere = echo('one', { secrets: ['nobody-has-it'] })
        expect((await refusal(await call('POST', '/system/placement', nowhere)))[2]).toContain(
          'nobody-has-it'
        )
      })

      it('are scaled', async () => {
        await deploy('one')
        const scale = (replicas: number) => ({ serviceName: 'one', replicas })
        expect(await status('POST', '/system/scale-function/one', scale(0))).toBe(202)
        await eventually(async () =>
          expect(await list()).toMatchObject([{ replicas: 0, availableReplicas: 0 }])
        )
        expect(await status('POST', '/system/scale-function/one', scale(1))).toBe(202)
        await eventually(async () => expect(await list()).toMatchObject([{ availableReplicas: 1 }]))
        expect(await status('POST', '/system/scale-function/two', scale(1))).toBe(404)
        expect(await status('POST', '/system/scale-function/one', scale(-1))).toBe(400)
      })

      it('that are scaled to 0 answer their first call, and drop none of 16 at a time', async () => {
        await deploy('one')
        for (let round = 0; round < 2; round++) {
          await call('POST', '/system/scale-function/one', { replicas: 0 })
          const asked = Array.from({ length: 16 }, (_, i) =>
            send('POST', '/function/one', `call ${i}`).then((response) => response.json())
          )
          const bodies = (await Promise.all(asked)).map(({ body }) => body)
          expect(bodies).toEqual(Array.from({ length: 16 }, (_, i) => `call ${i}`))
        }
      })

      it('go to 0 when nobody asks for them, where they want that, and come back for whoever does', async () => {
        const labels = { 'com.openfaas.scale.zero': 'true', 'com.openfaas.scale.zero-duration': '1s' }
        await deploy('one', { labels })
        // Some come while it goes to sleep, some while it sleeps.
        for (const pause of [1000, 1500, 2000, 3000]) {
          const asked = Array.from({ length: 16 }, () => send('POST', '/function/one', 'x'))
          expect((await Promise.all(asked)).map((response) => response.status)).toEqual(Array(16).fill(200))
          await sleep(pause)
        }
        await eventually(async () => expect(await list()).toMatchObject([{ replicas: 0 }]))
      })

      it.each<[string, object, RegExp]>([
        ['a name that is none', { service: 'Not A Name' }, /^service: .*lower-case letters/],
        ['a long name', { service: 'x'.repeat(64) }, /^service: /],
        ['no name', { service: undefined }, /^service: /],
        ['no image', { image: '' }, /^image: /],
        [
          'memory that is none',
          { limits: { memory: '128MB' } },
          /^limits.memory: "128MB" is no amount of memory/,
        ],
        [
          'labels for scaling that are none',
          { labels: { 'com.openfaas.scale.min': '0' } },
          /^labels: .*scale.min/,
        ],
        ['hardly any memory', { limits: { memory: '128m' } }, /^limits.memory: .*less than 1 MiB.*128Mi/],
        ['no CPU', { requests: { cpu: 'half' } }, /^requests.cpu: "half" is no number of CPUs/],
        ['less than it asks for', { limits: { cpu: '1' }, requests: { cpu: '2' } }, /more than the limit/],
        ['a GPU, which would not be given', { limits: { 'nvidia.com/gpu': '1' } }, /nvidia.com\/gpu/],
        ['a label that is none', { labels: { 'a b': 'c' } }, /a label is named by/],
        ['a label’s value that is none', { labels: { a: 'b c' } }, /^labels.a: a label has/],
        ['a variable that is none', { envVars: { 'A=B': 'c' } }, /an environment variable is named/],
        ['a secret’s name that is none', { secrets: ['../key'] }, /^secrets.0: a secret is named by/],
        ['a namespace that is none', { namespace: 'Not One' }, /^namespace: /],
        ['a namespace that is not there', { namespace: 'nowhere' }, /there is no namespace "nowhere"/],
        [
          'an unknown profile',
          { annotations: { 'com.openfaas.profile': 'moon' } },
          /wants the profile "moon"/,
        ],
        [
          'a constraint that cannot be read',
          { constraints: ['near'] },
          /the constraint "near" cannot be read/,
        ],
        ['a secret that is not there', { secrets: ['nothing'] }, /one wants the secret "nothing"/],
      ])('are refused with %s, in a sentence', async (_name, more, why) => {
        const [code, kind, text] = await refusal(await deploy('one', more))
        expect([code, kind]).toEqual([400, 'INVALID_INPUT'])
        expect(text).toMatch(why)
        expect(await list()).toEqual([])
      })

      it.each<[string, string, number, string]>([
        ['no JSON', '{', 400, 'INVALID_INPUT'],
        ['nothing', '', 400, 'INVALID_INPUT'],
        ['a list', '[]', 400, 'INVALID_INPUT'],
        ['null', 'null', 400, 'INVALID_INPUT'],
        ['a great many brackets', '['.repeat(100_000), 400, 'INVALID_INPUT'],
        ['far too much', JSON.stringify({ service: 'x'.repeat(5_000_000) }), 413, 'TOO_LARGE'],
      ])('are refused when the body is %s', async (_name, body, code, kind) => {
        const response = await send('POST', '/system/functions', body, authorized())
        expect((await refusal(response)).slice(0, 2)).toEqual([code, kind])
      })
    })

    describe('invocations', () => {
      beforeEach(async () => {
        await deploy('one')
      })

      it.each([
        ['/function/one', '/', ''],
        ['/function/one/', '/', ''],
        ['/function/one?a=1', '/', '?a=1'],
        ['/function/one/b/c?x=%2F&y=', '/b/c', '?x=%2F&y='],
        ['/function/one/a%2Fb%20c', '/a%2Fb%20c', ''],
        ['/function/one/function/one', '/function/one', ''],
        ['/function/one.openfaas-fn/x', '/x', ''],
      ])('of %s reach the function as %s', async (route, pathname, query) => {
        expect(await (await send('GET', route)).json()).toMatchObject({
          method: 'GET',
          path: pathname,
          query,
        })
      })

      it('need no credentials, and carry any method and body', async () => {
        for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
          const body = method === 'GET' ? undefined : 'the body'
          const response = await send(method, '/function/one', body, { 'X-Mine': 'yes' })
          expect(response.headers.get('x-echo')).toBe('yes')
          expect(await response.json()).toMatchObject({
            method,
            body: body ?? '',
            headers: { 'x-mine': 'yes' },
          })
        }
        const teapot = await send('GET', '/function/one/status/418')
        expect([teapot.status, await teapot.text()]).toEqual([418, 'status 418'])
      })

      it('do not follow redirects', async () => {
        const moved = await fetch(new URL('/function/one/moved', target.url), { redirect: 'manual' })
        expect([moved.status, moved.headers.get('location')]).toEqual([302, 'https://example.com/elsewhere'])
      })

      it('carry an id: the caller’s, or a new one; and say how long they took', async () => {
        const given = await send('GET', '/function/one', undefined, { 'X-Call-Id': 'mine' })
        expect(given.headers.get('x-call-id')).toBe('mine')
        expect(await given.json()).toMatchObject({ headers: { 'x-call-id': 'mine' } })
        const made = await send('POST', '/function/one')
        const id = made.headers.get('x-call-id')
        expect(id).toMatch(/^[0-9a-f-]{36}$/)
        expect(await made.json()).toMatchObject({ headers: { 'x-call-id': id } })
        expect(Number(made.headers.get('x-duration-seconds'))).toBeGreaterThan(0)
        const nowhere = await send('POST', '/function/nobody')
        expect((await refusal(nowhere)).slice(0, 2)).toEqual([404, 'NOT_FOUND'])
        expect(nowhere.headers.get('x-call-id')).not.toBe(null)
      })

      it('of several megabytes go there and back', async () => {
        const body = randomBytes(3_000_000).toString('hex').toUpperCase()
        const response = await send('POST', '/function/one/stream', body)
        expect((await response.text()) === body).toBe(true)
      })

      it('are counted', async () => {
        await send('POST', '/function/one')
        await send('GET', '/function/one/status/503')
        await send('POST', '/function/nobody')
        expect((await list())[0]!.invocationCount).toBe(2)
        const metrics = await (await fetch(new URL('/metrics', target.url))).text()
        const value = (metric: string) => Number(metrics.split(`${metric} `)[1]?.split('\n')[0])
        const labels = (code: number) => `{function_name="one.openfaas-fn",code="${code}"}`
        const total = 'gateway_function_invocation_total'
        for (const code of [200, 503]) expect(value(total + labels(code))).toBeGreaterThanOrEqual(1)
        expect(value(`gateway_functions_seconds_count${labels(200)}`)).toBeGreaterThanOrEqual(1)
        expect(value('gateway_service_count{function_name="one.openfaas-fn"}')).toBe(1)
        expect(metrics).toContain('gateway_function_invocation_started{function_name="one.openfaas-fn"}')
        expect(metrics).toMatch(
          /http_requests_total\{method="GET",path="\/system\/functions",status="200"\} [1-9]/
        )
        // Whoever tries names does not fill the memory with them.
        expect(metrics).not.toContain('nobody')
      })

      it('of a function that asks for credentials need them', async () => {
        await deploy('two', { annotations: { 'edgeloop.dev/auth': 'gateway' } })
        const response = await send('POST', '/function/two', 'x')
        expect([response.status, response.headers.get('www-authenticate')]).toEqual([
          401,
          expect.stringMatching(/^Basic realm=/),
        ])
        const admitted = await send('POST', '/function/two', 'x', {
          Authorization: basic(target.credentials),
        })
        expect(admitted.status).toBe(200)
        expect(((await admitted.json()) as { headers: object }).headers).not.toHaveProperty('authorization')
        await deploy('two')
        expect((await send('POST', '/function/two', 'x')).status).toBe(200)
      })
    })

    describe('credentials', () => {
      it.each<[string, Record<string, string>]>([
        ['none', {}],
        ['another password', { Authorization: basic({ user: 'admin', password: 'wrong' }) }],
        ['an empty token, as faas-cli sends it without a login', { Authorization: 'Bearer ' }],
        ['something else', { Authorization: 'Basic !!!' }],
      ])('are asked for: %s', async (_name, headers) => {
        for (const [method, route] of [
          ['GET', '/system/functions'],
          ['POST', '/system/functions'],
          ['GET', '/system/info'],
          ['DELETE', '/system/secrets'],
          ['GET', '/system/logs?name=one'],
          ['GET', '/system/places/cloud/functions'],
          ['PUT', '/system/places/edge-1/functions/one'],
          ['GET', '/system/nowhere'],
        ] as const) {
          const response = await send(method, route, method === 'GET' ? undefined : '{}', headers)
          expect([response.status, response.headers.get('www-authenticate')]).toEqual([
            401,
            expect.stringMatching(/^Basic realm=/),
          ])
        }
        for (const route of ['/healthz', '/metrics', '/openapi.json'])
          expect((await send('GET', route)).status).toBe(200)
      })
    })

    it('says what it is', async () => {
      expect(await get('/system/info')).toMatchObject({
        provider: { provider: expect.stringMatching(/^edgeloop-/), version: { release: expect.any(String) } },
        version: { release: expect.any(String), sha: expect.any(String) },
        arch: expect.any(String),
      })
      expect(await (await send('GET', '/healthz')).text()).toBe('OK')
      expect(await status('GET', '/nowhere')).toBe(404)
      expect(await status('POST', '/async-function/one')).toBe(404)
    })

    it('keeps secrets, and never shows them', async () => {
      const secret = unique('contract')
      const path = '/system/secrets'
      expect(await status('PUT', path, { name: secret, value: 'x' })).toBe(404)
      expect(await status('POST', path, { name: secret, value: 'first' })).toBe(201)
      expect(await refusal(await call('POST', path, { name: secret, value: 'x' }))).toEqual([
        409,
        'CONFLICT',
        `there is a secret "${secret}" already`,
      ])
      const listed = await (await call('GET', path)).text()
      expect(listed).toContain(secret)
      expect(listed).not.toContain('first')
      await deploy('one', { secrets: [secret] })
      const read = async () => (await send('GET', `/function/one/secret/${secret}`)).text()
      expect(await read()).toBe('first')
      const rawValue = Buffer.from('second').toString('base64')
      expect(await status('PUT', path, { name: secret, rawValue })).toBe(202)
      await deploy('one', { secrets: [secret], envVars: { GREETING: 'again' } })
      await eventually(async () => expect(await read()).toBe('second'))
      expect(await status('DELETE', path, { name: secret })).toBe(202)
      expect(await status('DELETE', path, { name: secret })).toBe(404)
      for (const method of ['POST', 'PUT', 'DELETE']) {
        const elsewhere = { name: secret, namespace: 'nowhere', ...(method !== 'DELETE' && { value: 'x' }) }
        expect((await refusal(await call(method, path, elsewhere)))[2]).toBe(
          'there is no namespace "nowhere"'
        )
      }
      for (const wrong of [
        { name: '../key', value: 'x' },
        { name: '.key', value: 'x' },
        { name: secret },
        { name: secret, value: '' },
        { name: secret, rawValue: 'no base64!' },
        { name: secret, value: 'x'.repeat(2 ** 20 + 1) },
      ])
        expect(await status('POST', path, wrong)).toBe(400)
    })

    it('keeps namespaces', async () => {
      const namespace = unique('contract')
      const route = `/system/namespace/${namespace}`
      expect(await status('GET', route)).toBe(404)
      expect(await status('GET', `/system/functions?namespace=${namespace}`)).toBe(404)
      const body = { name: namespace, labels: { openfaas: '1', team: 'a' }, annotations: { openfaas: '1' } }
      // With the slash, as faas-cli writes it.
      expect(await status('POST', '/system/namespace/', body)).toBe(201)
      expect(await status('POST', '/system/namespace/', body)).toBe(409)
      expect(await get('/system/namespaces')).toEqual(expect.arrayContaining(['openfaas-fn', namespace]))
      expect(await get(route)).toMatchObject({ name: namespace, labels: { team: 'a' } })
      expect(await status('PUT', route, { ...body, labels: { team: 'b' } })).toBe(202)
      expect(await get(route)).toMatchObject({ labels: { team: 'b' } })
      expect((await deploy('one', { namespace, envVars: { GREETING: 'there' } })).status).toBe(202)
      const response = await send('GET', `/function/one.${namespace}/environment`)
      expect(await response.json()).toEqual({ greeting: 'there' })
      expect((await send('GET', '/function/one/environment')).status).toBe(404)
      expect(await list()).toEqual([])
      expect(await get(`/system/functions?namespace=${namespace}`)).toMatchObject([
        { name: 'one', namespace },
      ])
      expect(await status('DELETE', route, body)).toBe(202)
      expect(await status('DELETE', route, body)).toBe(404)
      expect(await status('POST', '/system/namespace/', { name: 'Not One' })).toBe(400)
    })

    it('shows what functions write, line by line', async () => {
      await deploy('one')
      for (const line of ['line-1', 'line-2']) await send('POST', `/function/one/log/${line}`)
      const lines = async (query: string) => {
        const text = await (await call('GET', `/system/logs?name=one${query}`)).text()
        const all = text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as LogLine]))
        return all.map((line) => line.text).filter((line) => line.startsWith('line'))
      }
      await eventually(async () => expect(await lines('&follow=false&tail=-1')).toEqual(['line-1', 'line-2']))
      expect(await lines('&tail=1&follow=0&namespace=')).toEqual(['line-2'])
      expect(await lines('&instance=nobody')).toEqual([])
      expect(await lines('&since=2099-01-01T00:00:00Z')).toEqual([])
      expect(await lines('&since=2026-01-02T03:04:05%2B01:00')).toHaveLength(2)
      expect(await status('GET', '/system/logs?name=nobody')).toBe(404)
      for (const wrong of ['', '?name=one&tail=x', '?name=one&since=yesterday'])
        expect(await status('GET', `/system/logs${wrong}`)).toBe(400)

      const leaving = new AbortController()
      const url = new URL('/system/logs?name=one&follow=true&tail=1', target.url)
      const following = await fetch(url, { headers: authorized(), signal: leaving.signal })
      expect(following.headers.get('content-type')).toBe('application/x-ndjson')
      let heard = ''
      const listening = (async () => {
        for await (const piece of following.body!) heard += Buffer.from(piece).toString()
      })().catch(() => {})
      await eventually(() => expect(heard).toContain('line-2'))
      await send('POST', '/function/one/log/line-3')
      await eventually(() => expect(heard).toContain('line-3'))
      leaving.abort()
      await listening
    })

    it('says what runs at a place', async () => {
      await deploy('one')
      expect(await get('/system/places/cloud/functions')).toMatchObject([{ name: 'one' }])
      expect(await status('GET', '/system/places/nowhere/functions')).toBe(404)
      expect(await status('PUT', '/system/places/nowhere/functions/one', { enabled: false })).toBe(404)
      expect(await status('PUT', '/system/places/nowhere/functions/one', { enabled: 'no' })).toBe(400)
    })

    describe('faas-cli', () => {
      let program: string | undefined
      let directory: string
      beforeAll(async () => {
        program = await findFaasCli()
      })
      beforeEach(async () => {
        directory = await mkdtemp(path.join(tmpdir(), 'edgeloop-faas-cli-'))
      })
      afterEach(() => rm(directory, { recursive: true, force: true }))

      it('as it was recorded gets the answers that it got', async () => {
        const namespace = unique('contract')
        const { image } = echo('one')
        for (const { command, requests } of await recordedSteps())
          for (const { method, url, headers, body, status } of requests) {
            const here = (text: string) =>
              text.replaceAll('contract-fn', namespace).replaceAll('registry.local/echo:1', image)
            const { authorization, ...others } = headers
            const right = { user: target.credentials.user, password: target.credentials.password }
            const given = basic(status === 401 ? { ...right, password: 'wrong' } : right)
            const all = authorization === undefined ? others : { ...others, Authorization: given }
            const response = await send(method, here(url), body === '' ? undefined : here(body), all)
            expect([command, await response.text(), response.status]).toEqual([
              command,
              expect.any(String),
              status,
            ])
          }
      })

      it('itself finds what it looks for, where there is one', async ({ skip }) => {
        if (!program) return skip('there is no faas-cli')
        const session: Session = {
          program,
          gateway: target.url,
          credentials: target.credentials,
          image: echo('one').image,
          namespace: unique('contract'),
          directory,
        }
        for (const step of stepsOf(session)) {
          const { text, failed } = await runStep(session, step)
          const asked = `faas-cli ${step.args.join(' ')}`
          expect(`${asked}\n${text}`).toMatch(step.says)
          expect([asked, failed]).toEqual([asked, step.fails ?? false])
        }
      })
    })
  })
}
