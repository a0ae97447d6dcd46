import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { EdgeloopError } from '../errors/index.ts'
import { type ApiServer, startApiServer } from './api-server.fixture.ts'
import { createKubernetesClient, createMirror, type KubernetesObject, type Mirror } from './index.ts'

interface Thing extends KubernetesObject {
  value?: number
}

let server: ApiServer
let mirror: Mirror<Thing>
let changes: string[]
let troubles: EdgeloopError[]

const written = (thing: Thing | undefined) => (thing ? `${thing.metadata!.name}=${thing.value}` : 'none')
const open = () =>
  createMirror<Thing>({
    client: createKubernetesClient(server.config),
    path: '/api/v1/things',
    labelSelector: 'a=b',
    onChange: (before, after) => changes.push(`${written(before)} → ${written(after)}`),
    onTrouble: (error) => troubles.push(error),
  })
const all = () => [...mirror.values()].map(written).sort()
const holds = (...things: string[]) => vi.waitFor(() => expect(all()).toEqual(things), { timeout: 5000 })
const watches = () => server.requests.filter((request) => request.includes('watch')).length
const lists = () => server.requests.length - watches()
const watching = (count: number) => vi.waitFor(() => expect(watches()).toBe(count), { timeout: 5000 })

beforeEach(async () => {
  server = await startApiServer()
  changes = []
  troubles = []
})
afterEach(async () => {
  mirror.close()
  await server.close()
})

it('holds what there is, and what becomes of it', async () => {
  server.set('a', { value: 1 })
  mirror = open()
  await mirror.ready(5000)
  expect(all()).toEqual(['a=1'])
  await watching(1)
  server.set('b', { value: 1 })
  server.set('a', { value: 2 })
  await holds('a=2', 'b=1')
  server.remove('b')
  await holds('a=2')
  expect(mirror.get('a')).toMatchObject({ value: 2 })
  expect(changes).toEqual(['none → a=1', 'none → b=1', 'a=1 → a=2', 'b=1 → none'])
  expect(server.requests[0]).toBe('GET /api/v1/things?labelSelector=a%3Db&limit=500')
})

it('goes on where it was when a connection breaks', async () => {
  mirror = open()
  await mirror.ready(5000)
  await watching(1)
  server.set('a', { value: 1 })
  await holds('a=1')
  server.breakOff()
  server.set('a', { value: 2 })
  await holds('a=2')
  expect(lists()).toBe(1)
})

it('lists anew when the server has forgotten where it was, and misses no removal', async () => {
  server.set('a', { value: 1 })
  server.set('b', { value: 1 })
  mirror = open()
  await holds('a=1', 'b=1')
  await watching(1)
  server.forget()
  server.remove('a')
  server.set('b', { value: 2 })
  await holds('b=2')
  expect(lists()).toBe(2)
  expect(changes).toContain('a=1 → none')
})

it('tries until the server answers, and says once why it does not', async () => {
  const refusal = {
    message: 'things is forbidden: User "x" cannot list resource "things"',
    reason: 'Forbidden',
  }
  for (let time = 0; time < 3; time++) server.answer('GET', 403, refusal)
  server.set('a', { value: 1 })
  mirror = open()
  await expect(mirror.ready(50)).rejects.toMatchObject({ code: 'MISCONFIGURED', message: refusal.message })
  expect(mirror.isCurrent()).toBe(false)
  await holds('a=1')
  await vi.waitFor(() => expect(mirror.isCurrent()).toBe(true))
  expect(troubles).toHaveLength(1)
})

it('takes what a change has answered at once, and nothing older afterwards', async () => {
  const old = server.set('a', { value: 1 })
  mirror = open()
  await holds('a=1')
  await watching(1)
  mirror.put({ ...old, value: 3, metadata: { ...old.metadata, resourceVersion: '900' } })
  expect(all()).toEqual(['a=3'])
  server.set('a', { value: 2 })
  server.set('b', { value: 1 })
  await holds('a=3', 'b=1')
  mirror.drop(mirror.get('a')!)
  expect(all()).toEqual(['b=1'])
  server.set('a', { value: 4 })
  server.remove('a')
  const again = server.set('a', { value: 5 })
  await holds('a=5', 'b=1')
  expect(again.metadata!.uid).not.toBe(old.metadata!.uid)
})

it('does not ask again and again where watches end as soon as they begin', async () => {
  mirror = open()
  await mirror.ready(5000)
  await watching(1)
  server.endWatches()
  await new Promise((resolve) => setTimeout(resolve, 500))
  expect(watches()).toBe(1)
  await watching(2)
})
