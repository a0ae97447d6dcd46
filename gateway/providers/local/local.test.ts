import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { EdgeloopError } from '../../../lib/errors/index.ts'
import type { Deployment } from '../../../lib/stack/index.ts'
import { lives } from '../../echo.fixture.ts'
import { readProfiles } from '../../placement/index.ts'
import { providerContract } from '../../provider.contract.ts'
import type { Provider } from '../../provider.ts'
import { OutOfReach } from '../../relay/index.ts'
import { createLocalProvider, type LocalProviderOptions } from './local.ts'

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url))
const profiles = await readProfiles(here('../../../edge-profiles'))
const NAMES = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight']
const handlers = new Map(NAMES.map((name) => [name, here('../../echo.fixture.ts')]))
const echo = (service: string, more: Partial<Deployment> = {}): Deployment => ({
  service,
  image: 'echo',
  ...more,
})

let directory: string
let opened: Provider[] = []

async function open(more: Partial<LocalProviderOptions> = {}): Promise<Provider> {
  const provider = await createLocalProvider({
    node: { name: 'here', labels: {} },
    directory,
    profiles,
    handlers,
    environment: {},
    ...more,
  })
  opened.push(provider)
  return provider
}

async function setUp(): Promise<void> {
  directory = await mkdtemp(path.join(tmpdir(), 'edgeloop-provider-'))
}
async function tearDown(): Promise<void> {
  for (const provider of opened) await provider.close()
  opened = []
  await rm(directory, { recursive: true, force: true })
}

// Functions here share this process' console.
beforeEach(() => {
  vi.spyOn(console, 'log').mockImplementation(() => {})
})
afterEach(() => {
  vi.restoreAllMocks()
})

providerContract('local', async () => {
  await setUp()
  const provider = await open()
  return { provider, echo, reopen: () => open(), close: tearDown }
})

describe('the local provider', () => {
  beforeEach(setUp)
  afterEach(tearDown)

  it('lays what the node knows over what was deployed', async () => {
    const provider = await open({ environment: { GREETING: 'from the node' } })
    await provider.deploy(echo('one', { envVars: { GREETING: 'from stack.yml' } }))
    const response = await provider.invoke('one', new Request('http://one/environment'))
    expect(await response.json()).toEqual({ greeting: 'from the node' })
  })

  it('starts and stops each deployment once, the new one before the old one stops', async () => {
    lives.length = 0
    const provider = await open()
    const deploy = (GREETING: string) => provider.deploy(echo('one', { envVars: { GREETING } }))
    await Promise.all([deploy('a'), deploy('b')])
    await deploy('b')
    await expect(deploy('refuse')).rejects.toThrow('it does not want to')
    expect((await provider.get('one'))!.envVars).toEqual({ GREETING: 'b' })
    await provider.close()
    expect(lives).toEqual(['start a', 'start b', 'stop a', 'stop b'])
  })

  it('refuses what it has no handler for', async () => {
    const provider = await open()
    await expect(provider.deploy(echo('unheard-of'))).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: 'unheard-of has no handler on this machine',
    })
    expect(await provider.list()).toEqual([])
  })

  it('starts without what cannot run any more, says so, and has it back when it can', async () => {
    const first = await open()
    await first.deploy(echo('one'))
    await first.deploy(echo('two'))
    await first.close()
    const complaints = vi.spyOn(console, 'error').mockImplementation(() => {})
    const without = await open({ handlers: new Map([...handlers].filter(([name]) => name !== 'one')) })
    expect(complaints.mock.calls).toEqual([
      ['one is deployed and does not start: one has no handler on this machine'],
    ])
    complaints.mockRestore()
    expect((await without.list()).map(({ name }) => name)).toEqual(['two'])
    await without.deploy(echo('three'))
    await without.close()
    const again = await open()
    expect((await again.list()).map(({ name }) => name).sort()).toEqual(['one', 'three', 'two'])
  })

  it('says what to do about a list that cannot be read', async () => {
    await (await open()).deploy(echo('one'))
    const file = path.join(directory, 'functions.json')
    await writeFile(file, (await readFile(file, 'utf8')).slice(0, 20))
    await expect(open()).rejects.toMatchObject({
      code: 'CORRUPT',
      where: file,
      hint: 'remove the file and deploy again',
    })
  })
})

describe('with other nodes', () => {
  beforeEach(async () => {
    await setUp()
    failures.clear()
    nodes = [edge('edge-1'), edge('edge-2', { 'service.edgeloop.dev/two': 'disabled' })]
  })
  afterEach(tearDown)

  const edge = (name: string, labels: Record<string, string> = {}) => ({
    name,
    labels: { 'node-role.kubernetes.io/edge': '', ...labels },
  })
  const at = (more: Record<string, string> = {}) => ({
    annotations: { 'com.openfaas.profile': 'edge', ...more },
  })
  let nodes: ReturnType<typeof edge>[]
  /** What asking an edge fails with. */
  const failures = new Map<string, Error>()
  /** The edges that were asked. */
  const asked: string[] = []
  const withPeers = () =>
    open({
      node: { name: 'cloud', labels: {} },
      peers: {
        nodes: () => nodes,
        reaches: (name) => nodes.some((node) => node.name === name),
        async invoke(node, name) {
          asked.push(node)
          const failure = failures.get(node)
          if (failure) throw failure
          return new Response(`${name} at ${node}`)
        },
        async ask(node, path) {
          const failure = failures.get(node)
          if (failure) throw failure
          const line = (second: number, text: string) =>
            JSON.stringify({
              name: 'one',
              namespace: '',
              instance: node,
              timestamp: `2026-01-01T00:00:0${second}Z`,
              text,
            })
          const at = Number(node.at(-1))
          return new Response(
            `${line(at, path)}\n${line(at + 4, 'second')}\n${line(at + 4, 'same moment')}\n`
          )
        },
      },
    })
  const ask = (provider: Provider, name: string, headers: Record<string, string> = {}) =>
    provider.invoke(name, new Request(`http://${name}/`, { headers }))

  it('what a function has written at edges is asked for there, and merged by time', async () => {
    const provider = await withPeers()
    await provider.deploy(echo('one', at()))
    const lines = async () => {
      const found: string[] = []
      const signal = new AbortController().signal
      for await (const { instance, text } of provider.logs({ name: 'one', tail: 5, follow: false }, signal))
        found.push(`${instance}: ${text}`)
      return found
    }
    const edges = nodes.map(({ name }) => name)
    const asking = '/logs?name=one&tail=5'
    expect(await lines()).toEqual([
      ...edges.map((name) => `${name}: ${asking}`),
      ...edges.flatMap((name) => [`${name}: second`, `${name}: same moment`]),
    ])
    failures.set(edges[0]!, new OutOfReach(edges[0]!, {}))
    const [first, ...others] = (await lines()).toReversed()
    expect(first).toMatch(/^one-.*: what one has written at .* cannot be had now/)
    expect(others).toHaveLength((edges.length - 1) * 3)
    failures.clear()
    await provider.close()
  })

  it('a function of the edges runs there, and is asked for by name', async () => {
    const provider = await withPeers()
    await provider.deploy(echo('one', at()))
    expect(await provider.listAt()).toEqual([])
    expect(await provider.get('one')).toMatchObject({ replicas: 2, availableReplicas: 2 })
    expect(await (await ask(provider, 'one', { 'X-Edge': 'edge-2' })).text()).toBe('one at edge-2')
    await expect(ask(provider, 'one')).rejects.toMatchObject({
      code: 'MISDIRECTED',
      message: 'one runs at the edges: edge-1, edge-2',
      hint: 'name one with the header "X-Edge: edge-1"',
    })
    await expect(ask(provider, 'one', { 'X-Edge': 'edge-3' })).rejects.toMatchObject({ code: 'MISDIRECTED' })
  })

  it('one whose every answer is as good as another’s is asked anywhere', async () => {
    const provider = await withPeers()
    await provider.deploy(echo('one', at({ 'edgeloop.dev/relay': 'any' })))
    const answers = await Promise.all(Array.from({ length: 64 }, () => ask(provider, 'one')))
    expect(new Set(await Promise.all(answers.map((answer) => answer.text())))).toEqual(
      new Set(['one at edge-1', 'one at edge-2'])
    )
    nodes = [edge('edge-2')]
    expect(await (await ask(provider, 'one')).text()).toBe('one at edge-2')
  })

  it('and elsewhere, where one goes out of reach before anything is sent, and only then', async () => {
    const provider = await withPeers()
    await provider.deploy(echo('one', at({ 'edgeloop.dev/relay': 'any' })))
    failures.set('edge-1', new OutOfReach('edge-1', {}))
    for (let i = 0; i < 16; i++) expect(await (await ask(provider, 'one')).text()).toBe('one at edge-2')
    await expect(ask(provider, 'one', { 'X-Edge': 'edge-1' })).rejects.toThrow('edge-1 is out of reach')
    failures.set('edge-2', new OutOfReach('edge-2', {}))
    await expect(ask(provider, 'one')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    for (const name of ['edge-1', 'edge-2'])
      failures.set(name, new EdgeloopError('UNAVAILABLE', `${name} does not answer`))
    asked.length = 0
    await expect(ask(provider, 'one')).rejects.toThrow('does not answer')
    expect(asked).toHaveLength(1)
  })

  it('one that is switched off at an edge is not asked there', async () => {
    const provider = await withPeers()
    await provider.deploy(echo('two', at()))
    expect(await provider.get('two')).toMatchObject({ replicas: 1 })
    await expect(ask(provider, 'two', { 'X-Edge': 'edge-2' })).rejects.toMatchObject({
      message: 'two runs at the edges: edge-1',
    })
  })

  it('one that no node in reach runs is unavailable', async () => {
    const provider = await withPeers()
    await provider.deploy(echo('one', at()))
    nodes = []
    await expect(ask(provider, 'one')).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: 'no node in reach runs one',
    })
  })

  it('one of the cloud runs here, whatever X-Edge says', async () => {
    const provider = await withPeers()
    await provider.deploy(echo('one', { annotations: { 'com.openfaas.profile': 'cloud' } }))
    expect((await provider.listAt()).map(({ name }) => name)).toEqual(['one'])
    const response = await ask(provider, 'one', { 'X-Edge': 'edge-1' })
    expect(response.headers.get('x-echo')).toBe('yes')
  })

  it('answers so many requests at a time, and refuses the next one for now', async () => {
    const provider = await open()
    await provider.deploy(echo('one'))
    const slow = () => provider.invoke('one', new Request('http://one/slow?ms=200'))
    const running = Array.from({ length: 32 }, slow)
    await expect(slow()).rejects.toMatchObject({ code: 'OVERLOADED', status: 429 })
    expect((await Promise.all(running)).every(({ ok }) => ok)).toBe(true)
    expect((await slow()).ok).toBe(true)
  })
})
