import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { networkInterfaces, tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { serveHttp } from '../lib/web-server/index.ts'
import { childrenOf } from '../test/support/children.ts'
import { createPlatform, type Platform } from './index.ts'
import { freePort } from './ports/index.ts'
import { openStateDirectory } from './state/index.ts'

const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
const answers = (url: string) =>
  fetch(url).then(
    () => true,
    () => false
  )
const eventually = (check: () => unknown, timeout = 8000) => vi.waitFor(check, { timeout, interval: 50 })

// Each start of a process loads a second's worth of code, and many happen here.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

let parent: string
beforeAll(async () => {
  parent = await mkdtemp(path.join(tmpdir(), 'edgeloop-platform-'))
})
afterAll(() => rm(parent, { recursive: true, force: true }))

describe('a platform', () => {
  let platform: Platform
  let state: string
  beforeAll(async () => {
    state = path.join(parent, 'state')
    platform = await createPlatform({ state, edges: 1 })
  })
  afterAll(() => platform.dispose())

  it('lists the five functions, with annotations and what runs where', async () => {
    const list = async (path: string) => {
      const response = await fetch(new URL(path, platform.gateway))
      return (await response.json()) as {
        name: string
        replicas: number
        annotations: Record<string, string>
      }[]
    }
    const names = async (path: string) => (await list(path)).map(({ name }) => name).sort()
    const functions = await list('/system/functions')
    const found = functions.map(({ name, annotations }) => [name, annotations['com.openfaas.profile']])
    expect(Object.fromEntries(found)).toEqual({
      classify: 'edge',
      'filter-confidence': 'edge',
      'promote-model': 'cloud',
      'trigger-retrain': 'cloud',
      'upload-sample': 'edge',
    })
    for (const { annotations } of functions) expect(annotations.topic).toMatch(/events\//)
    expect(functions.map(({ replicas }) => replicas)).toEqual([1, 1, 1, 1, 1])
    expect(await names('/system/places/cloud/functions')).toEqual(['promote-model', 'trigger-retrain'])
    const atTheEdge = ['classify', 'filter-confidence', 'upload-sample']
    expect(await names('/system/places/edge-1/functions')).toEqual(atTheEdge)
  })

  it('keeps a second one off its state, and says who is there', async () => {
    await expect(createPlatform({ state, edges: 1 })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: `Edgeloop is running already, as process ${process.pid}`,
    })
    expect(await answers(platform.gateway)).toBe(true)
  })

  it("passes a caller's request on to an edge, and says which it was", async () => {
    await eventually(async () => {
      const response = await platform.invoke('classify', {})
      expect([response.status, response.headers.get('x-edge')]).toEqual([200, 'edge-1'])
      expect(await response.json()).toMatchObject({ model: 'photos', serving: null })
    })
    const named = await platform.invoke('upload-sample', { method: 'POST', headers: { 'X-Edge': 'edge-1' } })
    expect(named.status).toBe(400)
    const unnamed = await platform.invoke('upload-sample', { method: 'POST' })
    expect([unnamed.status, await unnamed.json()]).toMatchObject([
      421,
      { error: 'upload-sample runs at the edges: edge-1', hint: 'name one with the header "X-Edge: edge-1"' },
    ])
    const nowhere = await platform.invoke('upload-sample', { headers: { 'X-Edge': 'edge-9' } })
    expect(nowhere.status).toBe(421)
  })

  it.each([
    ['with Expect, as curl sends it with large bodies', { expect: '100-continue', 'content-length': '5' }],
    ['in chunks', { 'transfer-encoding': 'chunked' }],
  ])('passes a body on that comes %s', async (_name, headers) => {
    const url = new URL('/function/classify?verbose=1', platform.gateway)
    const answer = await new Promise<{ status?: number; body: string }>((resolve, reject) => {
      const outgoing = httpRequest(url, { method: 'POST', headers }, (incoming) => {
        let body = ''
        incoming.on('data', (chunk) => {
          body += chunk
        })
        incoming.on('end', () => resolve({ status: incoming.statusCode, body }))
      })
      outgoing.on('error', reject)
      outgoing.end('photo')
    })
    expect(answer).toMatchObject({ status: 503, body: expect.stringContaining('no model serves yet') })
  })

  it('reaches no edge that is cut off, says so soon, and reaches it again', async () => {
    const [edge] = platform.edges
    const ask = () => platform.invoke('classify', { headers: { 'X-Edge': 'edge-1' } })
    await eventually(async () => expect((await ask()).status).toBe(200))
    edge!.cut()
    const cutAt = performance.now()
    await eventually(async () => expect((await ask()).status).toBe(503))
    expect(performance.now() - cutAt).toBeLessThan(3000)
    // The edge itself goes on.
    expect((await fetch(new URL('/function/classify', edge!.gateway))).status).toBe(200)
    edge!.heal()
    await eventually(async () => expect((await ask()).status).toBe(200))
  })

  it('gives a killed process its ports back when it starts again', async () => {
    const [edge] = platform.edges
    for (const [service, url] of [
      [edge!, edge!.gateway],
      [platform.services.gateway, platform.gateway],
    ] as const) {
      await service.kill()
      expect([service.running, await answers(url)]).toEqual([false, false])
      await service.restart()
      expect([service.running, await answers(url)]).toEqual([true, true])
    }
    await eventually(async () => expect((await platform.invoke('classify', {})).status).toBe(200))
  })

  it('says so when a process ends by itself, and starts it again', async () => {
    const complaints = vi.spyOn(console, 'error').mockImplementation(() => {})
    const [trainer] = await childrenOf(process.pid, 'trainer.main.ts')
    process.kill(trainer!, 'SIGKILL')
    await eventually(() =>
      expect(complaints.mock.calls).toEqual([['trainer ended by itself (SIGKILL); it is started again']])
    )
    await eventually(() => expect(platform.services.trainer.running).toBe(true), 60_000)
    complaints.mockRestore()
  })

  it('leaves no process, no port and no lock behind, soon', async () => {
    const children = await childrenOf(process.pid, 'main.ts')
    const started = performance.now()
    await platform.dispose()
    await platform.dispose()
    expect(performance.now() - started).toBeLessThan(5000)
    expect(children.filter(isAlive)).toEqual([])
    expect(await childrenOf(process.pid, 'main.ts')).toEqual([])
    for (const url of [platform.gateway, platform.edges[0]!.gateway, platform.store.endpoint])
      expect(await answers(url)).toBe(false)
    expect(await readdir(state)).not.toContain('lock')
  })
})

const local = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
const hosts = [
  // Linux has all of 127.0.0.0/8.
  ...(process.platform === 'linux' ? ['127.0.0.2'] : []),
  ...(local.some(({ address }) => address === '::1') ? ['::1'] : []),
]

describe('a platform that listens elsewhere', () => {
  it.each(hosts)('on %s, can be reached there, and its edges reach it', async (host) => {
    const platform = await createPlatform({ state: path.join(parent, 'elsewhere'), edges: 1, host, port: 0 })
    try {
      for (const url of [platform.gateway, platform.edges[0]!.gateway]) {
        expect(new URL(url).hostname).toBe(host.includes(':') ? `[${host}]` : host)
        expect(await answers(url)).toBe(true)
      }
    } finally {
      await platform.dispose()
    }
  })
})

describe('a platform that cannot start', () => {
  it('because it was told to stop before, starts nothing', async () => {
    const state = path.join(parent, 'never')
    const signal = AbortSignal.abort(new Error('stopped'))
    await expect(createPlatform({ state, signal })).rejects.toThrow('stopped')
    expect(existsSync(state)).toBe(false)
  })

  it('says what is in the way, and leaves nothing behind', async () => {
    const port = await freePort('127.0.0.1')
    const inTheWay = await serveHttp({ fetch: () => new Response(), host: '127.0.0.1', port, name: 'other' })
    const state = path.join(parent, 'taken')
    try {
      await expect(createPlatform({ state, edges: 1, port })).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        message: 'the gateway cannot listen: the port is in use',
        where: `127.0.0.1:${port}`,
        hint: 'stop what uses the port, or choose another one',
      })
    } finally {
      await inTheWay.close()
    }
    expect(await childrenOf(process.pid, 'main.ts')).toEqual([])
    expect(await readdir(state)).not.toContain('lock')
  })
})

describe('a platform that is killed', () => {
  let child: ReturnType<typeof start>
  const start = (state: string) =>
    execa(
      process.execPath,
      ['--import', 'tsx', fileURLToPath(new URL('platform-child.ts', import.meta.url)), state],
      { ipc: true, reject: false, stderr: 'ignore' }
    )
  afterEach(() => child?.kill('SIGKILL'))

  it('takes its processes along, and leaves its state to the next one', async () => {
    const state = path.join(parent, 'killed')
    child = start(state)
    const said = (await child.getOneMessage()) as { gateway: string; edge: string }
    const children = await childrenOf(child.pid!, 'main.ts')
    expect(children).toHaveLength(3)
    child.kill('SIGKILL')
    await child
    await eventually(() => expect(children.filter(isAlive)).toEqual([]))
    expect([await answers(said.gateway), await answers(said.edge)]).toEqual([false, false])
    await (await openStateDirectory(state, false)).release()
  })
})
