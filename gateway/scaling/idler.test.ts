import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type LocalGateway, openLocalGateway } from '../local-gateway.fixture.ts'
import { createIdler } from './index.ts'

let gateway: LocalGateway

beforeEach(async () => {
  gateway = await openLocalGateway()
})
afterEach(() => gateway.close())

const replicas = async (name: string) => (await gateway.provider.get(name))?.replicas
const ask = (name: string, path = '') => fetch(`${gateway.url}/function/${name}${path}`)
const deploy = (service: string, labels: Record<string, string>) =>
  gateway.provider.deploy({ service, image: 'x', labels })
const sleepy = { 'com.openfaas.scale.zero': 'true', 'com.openfaas.scale.zero-duration': '500ms' }

it('scales to 0 what nobody asks for, and only what wants it', async () => {
  await deploy('one', sleepy)
  await deploy('two', { ...sleepy, 'com.openfaas.scale.zero': 'false' })
  expect((await ask('one')).status).toBe(200)
  await vi.waitFor(async () => expect(await replicas('one')).toBe(0), { timeout: 5000 })
  expect(await replicas('two')).toBe(1)
})

it('leaves a function up while somebody waits for its answer', async () => {
  await deploy('one', sleepy)
  const slow = ask('one', '/slow?ms=2500')
  await sleep(2000)
  expect(await replicas('one')).toBe(1)
  expect((await slow).status).toBe(200)
  await vi.waitFor(async () => expect(await replicas('one')).toBe(0), { timeout: 5000 })
})

it('a function at 0 answers its first call, and no one of 16 that come at a time is dropped', async () => {
  await deploy('one', sleepy)
  for (let round = 0; round < 3; round++) {
    await gateway.provider.scale('one', 0)
    const answers = await Promise.all(Array.from({ length: 16 }, () => ask('one')))
    expect(answers.map(({ status }) => status)).toEqual(Array(16).fill(200))
    expect(await replicas('one')).toBe(1)
  }
})

it('is not held up by a function that cannot be scaled, and says so once', async () => {
  const complaints = vi.spyOn(console, 'error').mockImplementation(() => {})
  const { provider } = gateway
  const stubborn = {
    namespaces: provider.namespaces,
    list: async (namespace?: string) => [
      { ...(await provider.get('one'))!, name: 'at-edges' },
      ...(await provider.list(namespace)),
    ],
    scale: async (name: string, replicas: number, namespace?: string) => {
      if (name === 'at-edges') throw new Error('switch it off instead')
      return provider.scale(name, replicas, namespace)
    },
  }
  await deploy('one', { ...sleepy, 'com.openfaas.scale.zero-duration': '1h' })
  await deploy('two', { ...sleepy, 'com.openfaas.scale.zero-duration': '1h' })
  const idler = createIdler({ provider: stubborn, activity: { idleSince: () => 0 }, lookMs: 10 })
  await deploy('one', { ...sleepy, 'com.openfaas.scale.zero-duration': '100ms' })
  await deploy('two', { ...sleepy, 'com.openfaas.scale.zero-duration': '100ms' })
  await vi.waitFor(async () => expect(await replicas('two')).toBe(0), { timeout: 5000 })
  await idler.close()
  expect(complaints.mock.calls.filter(([text]) => String(text).includes('at-edges'))).toEqual([
    ['scaling to zero: at-edges.openfaas-fn: switch it off instead'],
  ])
})
