import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Deployment } from '../lib/stack/index.ts'
import type { Provider } from './provider.ts'

/** A provider under test, on a place where functions can run. */
export interface ProviderTarget {
  provider: Provider
  /** A deployment of what `echo.fixture.ts` does, under one of the names one, two, … eight. */
  echo(service: string, more?: Partial<Deployment>): Deployment
  /** Another provider on the same state, after this one has been closed. */
  reopen(): Promise<Provider>
  close(): Promise<void>
}

const NAMES = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight']

/** What the gateway, the connector and their users rely on, whatever runs the functions. */
export function providerContract(name: string, open: () => Promise<ProviderTarget>): void {
  describe(`${name}: the provider contract`, () => {
    let target: ProviderTarget
    let provider: Provider
    let echo: ProviderTarget['echo']

    beforeEach(async () => {
      target = await open()
      ;({ provider, echo } = target)
    })
    afterEach(() => target.close())

    const get = async (service: string, path: string) =>
      (await provider.invoke(service, new Request(`http://${service}${path}`))).json()
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
