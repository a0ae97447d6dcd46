import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Deployment } from '../lib/stack/index.ts'
import type { LogLine, LogQuery, Provider } from './provider.ts'

/** A provider under test, on a place where functions can run. */
export interface ProviderTarget {
  provider: Provider
  /** A deployment of what `echo.fixture.ts` does, under one of the names one, two, … eight. */
  echo(service: string, more?: Partial<Deployment>): Deployment
  /** Another provider on the same state, after this one has been closed. */
  reopen(): Promise<Provider>
  close(): Promise<void>
}

/** Pods need a moment for what functions inside of a process do at once. */
const eventually = <T>(check: () => T | Promise<T>) => vi.waitFor(check, { timeout: 60_000, interval: 50 })

const bytes = (text: string) => new TextEncoder().encode(text)
/** A cluster removes some things slowly: nobody else has had this name. */
const unique = (what: string) => `${what}-${randomBytes(4).toString('hex')}`

const NAMES = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight']

/** What the gateway, the connector and their users rely on, whatever runs the functions. */
export function providerContract(name: string, open: () => Promise<ProviderTarget>): void {
  describe(`${name}: the provider contract`, { timeout: 180_000 }, () => {
    let target: ProviderTarget
    let provider: Provider
    let echo: ProviderTarget['echo']

    beforeEach(async () => {
      target = await open()
      ;({ provider, echo } = target)
    })
    afterEach(() => target.close())

    const ask = (service: string, path: string, namespace?: string) =>
      provider.invoke(service, new Request(`http://${service}${path}`), namespace)
    const get = async (service: string, path: string, namespace?: string) =>
      (await ask(service, path, namespace)).json()
    const names = async () => (await provider.list()).map((fn) => fn.name).sort()

    it('begins with nothing', async () => {
      expect([await provider.list(), await provider.listAt()]).toEqual([[], []])
      expect(await provider.get('one')).toBeUndefined()
      expect(await provider.remove('one')).toBe(false)
      await expect(provider.invoke('one', new Request('http://one/'))).rejects.toMatchObject({
        code: 'NOT_FOUND',
        message: 'there is no function "one"',
      })
    })

    it('lists what was asked for, and how it is doing', async () => {
      const more = {
        envVars: { GREETING: 'hello' },
        labels: { team: 'a' },
        annotations: { topic: 'events/+' },
      }
      await provider.deploy(echo('one', more))
      const found = await provider.get('one')
      expect(found).toMatchObject({
        name: 'one',
        ...more,
        replicas: 1,
        availableReplicas: 1,
        invocationCount: 0,
      })
      expect(Math.abs(Date.now() - Date.parse(found!.createdAt))).toBeLessThan(60_000)
      expect(await provider.list()).toEqual([found])
      expect(await provider.listAt()).toEqual([found])
    })

    it('lists exactly what was asked for', async () => {
      const more = {
        envProcess: 'node index.js',
        envVars: { A: '1', B: '' },
        constraints: [],
        secrets: [],
        labels: { team: 'a' },
        annotations: { 'example.com/why': 'a test' },
        limits: { memory: '256Mi', cpu: '1' },
        requests: { memory: '0.125Gi' },
        readOnlyRootFilesystem: true,
      }
      for (const [service, asked] of [
        ['one', more],
        ['two', {}],
        [
          'three',
          { labels: null, secrets: null, limits: null, requests: null, annotations: {}, envVars: {} },
        ],
      ] as const) {
        const { service: _, ...deployment } = echo(service, asked as Partial<Deployment>)
        await provider.deploy(echo(service, asked as Partial<Deployment>))
        const { replicas, availableReplicas, invocationCount, createdAt, status, usage, ...listed } =
          (await provider.get(service))!
        expect(listed).toEqual({ name: service, ...deployment })
      }
    })

    it('gives a function its environment, and the new one once it is deployed again', async () => {
      await provider.deploy(echo('one', { envVars: { GREETING: 'hello' } }))
      expect(await get('one', '/environment')).toEqual({ greeting: 'hello' })
      const { createdAt } = (await provider.get('one'))!
      await provider.deploy(echo('one', { envVars: { GREETING: 'goodbye' } }))
      expect(await get('one', '/environment')).toEqual({ greeting: 'goodbye' })
      expect(await provider.get('one')).toMatchObject({ createdAt, envVars: { GREETING: 'goodbye' } })
      expect(await names()).toEqual(['one'])
    })

    it('lets what is being answered end when a function is replaced or removed', async () => {
      await provider.deploy(echo('one', { envVars: { GREETING: 'old' } }))
      const slow = get('one', '/slow?ms=150')
      await provider.deploy(echo('one', { envVars: { GREETING: 'new' } }))
      expect(await slow).toEqual({ greeting: 'old' })
      const slower = get('one', '/slow?ms=150')
      await provider.remove('one')
      expect(await slower).toEqual({ greeting: 'new' })
    })

    it('takes many changes at a time', async () => {
      await Promise.all(NAMES.map((service) => provider.deploy(echo(service))))
      expect(await names()).toEqual(NAMES.toSorted())
      const greetings = ['a', 'b', 'c', 'd']
      await Promise.all(greetings.map((GREETING) => provider.deploy(echo('one', { envVars: { GREETING } }))))
      expect(await get('one', '/environment')).toEqual({ greeting: 'd' })
      await Promise.all(NAMES.map((service) => provider.remove(service)))
      expect(await names()).toEqual([])
    })

    it('passes a request on as it is, and the answer back', async () => {
      await provider.deploy(echo('one'))
      const request = new Request('http://one/a/b%20c?x=1&y=%2F', {
        method: 'PUT',
        headers: { 'x-something': 'else', 'content-type': 'text/plain' },
        body: 'the body',
      })
      const response = await provider.invoke('one', request)
      expect([response.status, response.headers.get('x-echo')]).toEqual([200, 'yes'])
      expect(await response.json()).toMatchObject({
        method: 'PUT',
        path: '/a/b%20c',
        query: '?x=1&y=%2F',
        headers: { 'x-something': 'else', 'content-type': 'text/plain' },
        body: 'the body',
      })
    })

    it.each([201, 404, 422, 429, 500, 503])('passes the status %i back', async (status) => {
      await provider.deploy(echo('one'))
      const response = await provider.invoke('one', new Request(`http://one/status/${status}`))
      expect([response.status, await response.text()]).toEqual([status, `status ${status}`])
    })

    it('streams bodies both ways', async () => {
      await provider.deploy(echo('one'))
      const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
      const writer = writable.getWriter()
      const init: RequestInit & { duplex: 'half' } = { method: 'POST', body: readable, duplex: 'half' }
      const answering = provider.invoke('one', new Request('http://one/stream', init))
      const text = new TextDecoder()
      writer.write(new TextEncoder().encode('first ')).catch(() => {})
      const reader = (await answering).body!.getReader()
      expect(text.decode((await reader.read()).value)).toBe('FIRST ')
      writer.write(new TextEncoder().encode('second')).catch(() => {})
      expect(text.decode((await reader.read()).value)).toBe('SECOND')
      await writer.close()
      expect((await reader.read()).done).toBe(true)
    })

    it('counts invocations', async () => {
      await provider.deploy(echo('one'))
      await get('one', '/')
      await get('one', '/')
      expect((await provider.get('one'))!.invocationCount).toBe(2)
    })

    it('removes', async () => {
      await provider.deploy(echo('one'))
      await provider.deploy(echo('two'))
      expect(await provider.remove('one')).toBe(true)
      expect(await names()).toEqual(['two'])
      await expect(provider.invoke('one', new Request('http://one/'))).rejects.toMatchObject({
        code: 'NOT_FOUND',
      })
      expect(await provider.remove('one')).toBe(false)
    })

    it('answers whoever asks what a function uses, also where nobody measures it', async () => {
      await provider.deploy(echo('one'))
      expect(await provider.get('one')).not.toHaveProperty('usage')
      // Neither functions in one process nor pods of a cluster without a metrics API can be told apart.
      const asked = await provider.get('one', undefined, true)
      expect([asked?.name, asked?.usage]).toEqual(['one', undefined])
    })

    it('stops a function, and runs it again', async () => {
      await provider.deploy(echo('one', { envVars: { GREETING: 'hello' } }))
      expect(await provider.scale('two', 1)).toBe(false)
      expect(await provider.scale('one', 0)).toBe(true)
      await eventually(async () =>
        expect(await provider.get('one')).toMatchObject({ replicas: 0, availableReplicas: 0 })
      )
      expect(await provider.scale('one', 1)).toBe(true)
      await eventually(async () =>
        expect(await provider.get('one')).toMatchObject({ replicas: 1, availableReplicas: 1 })
      )
      expect(await get('one', '/environment')).toEqual({ greeting: 'hello' })
    })

    it('keeps functions of several namespaces apart', async () => {
      const { namespaces } = provider
      const name = unique('contract')
      const namespace = { name, labels: { team: 'a' }, annotations: { why: 'a test' } }
      expect(await namespaces.get(name)).toBeUndefined()
      await expect(provider.deploy(echo('one', { namespace: name }))).rejects.toMatchObject({
        code: 'INVALID_INPUT',
        message: expect.stringContaining(`there is no namespace "${name}"`),
      })
      await namespaces.create(namespace)
      await expect(namespaces.create(namespace)).rejects.toMatchObject({ code: 'CONFLICT' })
      expect(await namespaces.get(name)).toMatchObject(namespace)
      const all = (await namespaces.list()).map((each) => each.name)
      expect(all).toEqual(expect.arrayContaining(['openfaas-fn', name]))

      await provider.deploy(echo('one', { envVars: { GREETING: 'here' } }))
      await provider.deploy(echo('one', { namespace: name, envVars: { GREETING: 'there' } }))
      expect(await get('one', '/environment')).toEqual({ greeting: 'here' })
      expect(await get('one', '/environment', name)).toEqual({ greeting: 'there' })
      expect(await provider.list(name)).toMatchObject([{ name: 'one', namespace: name }])
      expect(await names()).toEqual(['one'])
      expect((await provider.listAt()).map(({ namespace }) => namespace)).toEqual(
        expect.arrayContaining([undefined, name])
      )
      expect(await provider.remove('one')).toBe(true)
      expect(await provider.get('one')).toBeUndefined()
      expect(await get('one', '/environment', name)).toEqual({ greeting: 'there' })

      expect(await namespaces.update({ ...namespace, labels: { team: 'b' } })).toBe(true)
      expect((await namespaces.get(name))!.labels).toEqual({ team: 'b' })
      expect(await namespaces.update({ ...namespace, name: unique('nobody') })).toBe(false)
      expect(await namespaces.remove(name)).toBe(true)
      expect([await namespaces.get(name), await provider.list(name)]).toEqual([undefined, []])
      expect(await namespaces.remove(name)).toBe(false)
      await expect(namespaces.remove('openfaas-fn')).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    })

    it('keeps secrets, and gives a function those that it asks for', async () => {
      const { secrets } = provider
      const name = unique('contract')
      const listed = async () => (await secrets.list()).filter((secret) => secret.name === name)
      await expect(provider.deploy(echo('one', { secrets: [name] }))).rejects.toMatchObject({
        code: 'INVALID_INPUT',
        message: `one wants the secret "${name}", which does not exist`,
      })
      expect(await provider.get('one')).toBeUndefined()
      expect([await secrets.update({ name, value: bytes('x') }), await secrets.remove(name)]).toEqual([
        false,
        false,
      ])

      await secrets.create({ name, value: bytes('first\n') })
      await expect(secrets.create({ name, value: bytes('x') })).rejects.toMatchObject({ code: 'CONFLICT' })
      expect(await listed()).toEqual([{ name, namespace: 'openfaas-fn' }])
      await provider.deploy(echo('one', { secrets: [name] }))
      const text = async () => (await ask('one', `/secret/${name}`)).text()
      expect(await text()).toBe('first\n')

      expect(await secrets.update({ name, value: bytes('second') })).toBe(true)
      await provider.deploy(echo('one', { secrets: [name], envVars: { GREETING: 'again' } }))
      await eventually(async () => expect(await text()).toBe('second'))
      expect(await secrets.remove(name)).toBe(true)
      expect(await listed()).toEqual([])
    })

    describe('shows what functions write', () => {
      const collect = async (query: Partial<LogQuery> = {}) => {
        const lines: LogLine[] = []
        const asked = { name: 'one', follow: false, ...query }
        for await (const line of provider.logs(asked, new AbortController().signal)) lines.push(line)
        return lines.filter(({ text }) => text.startsWith('line'))
      }
      const texts = async (query?: Partial<LogQuery>) => (await collect(query)).map(({ text }) => text)
      const write = (text: string) => ask('one', `/log/${text}`)

      beforeEach(async () => {
        await provider.deploy(echo('one'))
        for (const text of ['line-1', 'line-2', 'line-3']) await write(text)
        await eventually(async () => expect(await texts()).toEqual(['line-1', 'line-2', 'line-3']))
      })

      it('with where and when', async () => {
        const [line] = await collect()
        expect(line).toEqual({
          name: 'one',
          namespace: 'openfaas-fn',
          instance: expect.stringMatching(/./),
          timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/),
          text: 'line-1',
        })
        expect(Math.abs(Date.now() - Date.parse(line!.timestamp))).toBeLessThan(120_000)
      })

      it('as much of it as somebody asks for', async () => {
        const [{ instance }] = (await collect()) as [LogLine]
        expect(await texts({ tail: 1 })).toEqual(['line-3'])
        expect(await texts({ tail: 1000 })).toHaveLength(3)
        expect(await texts({ instance })).toHaveLength(3)
        expect(await texts({ instance: 'another' })).toEqual([])
        expect(await texts({ since: new Date(Date.now() - 3_600_000) })).toHaveLength(3)
        expect(await texts({ since: new Date(Date.now() + 3_600_000) })).toEqual([])
        expect(await texts({ name: 'two' })).toEqual([])
      })

      it('as it is written, until nobody listens any more', async () => {
        const leaving = new AbortController()
        const heard: string[] = []
        const listening = (async () => {
          for await (const { text } of provider.logs({ name: 'one', tail: 1, follow: true }, leaving.signal))
            heard.push(text)
        })()
        await eventually(() => expect(heard).toEqual(['line-3']))
        for (const text of ['line-4', 'line-5']) {
          await write(text)
          await eventually(() => expect(heard.at(-1)).toBe(text))
        }
        leaving.abort()
        await listening
        expect(heard).toEqual(['line-3', 'line-4', 'line-5'])
      })
    })

    it('says where a function listens, where that can be connected to', async () => {
      await provider.deploy(echo('one'))
      const origin = await provider.origin('one')
      if (origin === undefined) return
      expect(origin).toMatch(/^http:\/\/(\d+(\.\d+){3}|\[[0-9a-f:]+\]):\d+$/)
      const response = await fetch(`${origin}/status/201`)
      expect(response.status).toBe(201)
      expect((await provider.get('one'))!.invocationCount).toBe(1)
      await expect(provider.origin('one', undefined, new Set([origin]))).rejects.toMatchObject({
        code: 'UNAVAILABLE',
      })
    })

    it('knows no edge that is not there', async () => {
      await provider.deploy(echo('one'))
      await expect(provider.listAt('nowhere')).rejects.toMatchObject({ code: 'NOT_FOUND' })
      await expect(provider.switchAt('nowhere', 'one', false)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    })

    it.each([
      [
        'an unknown profile',
        { annotations: { 'com.openfaas.profile': 'edge-of-the-world' } },
        /wants the profile "edge-of-the-world"/,
      ],
      [
        'a constraint that cannot be read',
        { constraints: ['zone near here'] },
        /the constraint "zone near here" cannot be read/,
      ],
    ])('refuses %s, and leaves what was there', async (_name, more, message) => {
      await provider.deploy(echo('one'))
      for (const service of ['one', 'two'])
        await expect(provider.deploy(echo(service, more))).rejects.toMatchObject({
          code: 'INVALID_INPUT',
          message: expect.stringMatching(message),
        })
      expect(await names()).toEqual(['one'])
      expect(await get('one', '/environment')).toEqual({ greeting: null })
    })

    it('finds everything again after a restart', async () => {
      await provider.deploy(echo('one', { envVars: { GREETING: 'hello' } }))
      await provider.deploy(echo('two'))
      await provider.remove('two')
      const before = await provider.list()
      await provider.close()
      provider = await target.reopen()
      expect(await provider.list()).toEqual(before)
      expect(await get('one', '/environment')).toEqual({ greeting: 'hello' })
    })
  })
}
