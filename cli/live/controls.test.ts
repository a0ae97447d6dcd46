import { expect, it } from 'vitest'
import type { Platform } from '../../platform/index.ts'
import type { RunEvent } from '../../platform/rounds/index.ts'
import { createControls } from './controls.ts'
import { applyStatus, createLiveModel, selection } from './model.ts'

/** Processes that only remember what happened to them. */
function fakes() {
  const done: string[] = []
  const service = (name: string) => ({
    name,
    running: true,
    async kill() {
      done.push(`kill ${name}`)
      this.running = false
    },
    async restart() {
      done.push(`restart ${name}`)
      this.running = true
    },
  })
  const edge = (name: string) => ({
    ...service(name),
    online: true,
    cut() {
      this.online = false
    },
    heal() {
      this.online = true
    },
  })
  const edges = [edge('edge-1'), edge('edge-2')]
  const services = { gateway: service('gateway'), trainer: service('trainer') }
  const model = createLiveModel(10, 0)
  for (const each of edges) applyStatus(model, each, undefined, 0)
  model.services = [services.gateway, services.trainer]
  const events: RunEvent[] = []
  const platform = { edges, services } as unknown as Platform
  const controls = createControls(model, platform, (event) => events.push(event))
  const press = (...keys: string[]) => {
    for (const key of keys) controls.key(key)
    return new Promise(setImmediate)
  }
  return { edges, services, model, events, done, press }
}

it('arrows, digits and initials select, and stop at the ends', async () => {
  const { model, press } = fakes()
  const at = async (...keys: string[]) => {
    await press(...keys)
    return selection(model)?.name
  }
  expect(await at('up')).toBe('edge-1')
  expect(await at('down')).toBe('edge-2')
  expect(await at('1')).toBe('edge-1')
  expect(await at('9')).toBe('edge-1')
  expect(await at('t', 'down', 'down')).toBe('trainer')
  expect(await at('g')).toBe('gateway')
})

it('c cuts the selected edge off and plugs it in, and nothing else', async () => {
  const { edges, events, press } = fakes()
  await press('2', 'c')
  expect(edges.map(({ online }) => online)).toEqual([true, false])
  await press('c', 'g', 'c')
  expect(edges[1]!.online).toBe(true)
  expect(events).toEqual([
    { event: 'cut', edge: 'edge-2' },
    { event: 'healed', edge: 'edge-2' },
  ])
})

it('k kills what runs and r restarts what does not, once', async () => {
  const { done, events, press } = fakes()
  await press('r', 'k', 'k')
  await press('k')
  expect(done).toEqual(['kill edge-1'])
  await press('r', 'r', 't', 'k')
  expect(done).toEqual(['kill edge-1', 'restart edge-1', 'kill trainer'])
  expect(events.map((event) => event.event)).toEqual(['killed', 'restarted', 'killed'])
})
