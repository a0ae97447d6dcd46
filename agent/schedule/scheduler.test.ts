import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { PlacedFunction } from '../../gateway/index.ts'
import { type Database, openDatabase } from '../../lib/database/index.ts'
import type { EdgeloopEvent } from '../../lib/events/index.ts'
import { eventResponse } from '../../lib/events/index.ts'
import { capturedEvent, hashOf, temporaryDirectory } from '../../test/support/index.ts'
import { createScheduler, type Scheduler } from './index.ts'

const at = (time: string) => Date.parse(`2026-03-01T${time}Z`)
const nightly = (more: Partial<PlacedFunction> = {}): PlacedFunction => ({
  name: 'nightly',
  image: 'x',
  replicas: 1,
  availableReplicas: 1,
  invocationCount: 0,
  createdAt: new Date(0).toISOString(),
  annotations: { topic: 'events/x, cron-function', schedule: '*/5 * * * *' },
  ...more,
})

let temporary: Awaited<ReturnType<typeof temporaryDirectory>>
let database: Database
let scheduler: Scheduler | undefined
let now: number
let functions: PlacedFunction[]
let asked: Headers[]
let published: EdgeloopEvent[]
let answer: () => Response | Promise<Response>

beforeEach(async () => {
  temporary = await temporaryDirectory('schedule')
  database = await openDatabase(temporary.directory)
  now = at('10:02:00')
  functions = [nightly()]
  asked = []
  published = []
  answer = () => new Response('')
})
afterEach(async () => {
  await stop()
  await database.close()
  await temporary.remove()
  vi.restoreAllMocks()
})

function start(except: string[] = []): void {
  scheduler = createScheduler({
    database,
    provider: {
      listAt: async () => functions,
      async invoke(_name, request) {
        asked.push(request.headers)
        return answer()
      },
    },
    publishSync: (event) => published.push(event),
    except: new Set(except),
    lookMs: 5,
    clock: () => now,
  })
}

async function stop(): Promise<void> {
  await scheduler?.close()
  scheduler = undefined
}

/** Long enough for several looks. */
const looks = () => new Promise((resolve) => setTimeout(resolve, 60))
const times = async (count: number) => {
  await vi.waitFor(() => expect(asked.length).toBeGreaterThanOrEqual(count), { timeout: 5000 })
  await looks()
  expect(asked).toHaveLength(count)
}

it('invokes a function at each tick, once, as cron-connector does', async () => {
  start()
  await looks()
  expect(asked).toEqual([])
  now = at('10:05:00')
  await times(1)
  expect(Object.fromEntries(asked[0]!)).toMatchObject({
    'x-topic': 'cron-function',
    'x-connector': 'cron-connector',
    'x-call-id': `nightly-${at('10:05:00') / 1000}`,
  })
  now = at('10:09:59')
  await times(1)
  now = at('10:10:00')
  await times(2)
})

it('goes on after a restart: no tick twice, and the last of those that were missed once', async () => {
  start()
  await looks()
  now = at('10:05:01')
  await times(1)
  await stop()
  start()
  await times(1)
  await stop()
  now = at('10:31:00')
  start()
  await times(2)
  expect(asked[1]!.get('x-call-id')).toBe(`nightly-${at('10:30:00') / 1000}`)
  // A clock that is set back brings no tick again.
  now = at('10:29:00')
  await times(2)
  now = at('10:30:30')
  await times(2)
})

it('does not lose a tick whose function was not asked before the process ended', async () => {
  answer = () => new Promise(() => {})
  start()
  await looks()
  now = at('10:05:00')
  await times(1)
  await stop()
  answer = () => new Response('')
  start()
  await times(2)
  expect(asked[1]!.get('x-call-id')).toBe(asked[0]!.get('x-call-id'))
}, 20_000)

it('asks a function that fails again, until its next tick', async () => {
  let answers = [503, 200]
  answer = () => new Response('', { status: answers.shift() ?? 200 })
  start()
  await looks()
  now = at('10:05:00')
  await vi.waitFor(() => expect(asked).toHaveLength(2), { timeout: 5000 })

  answers = [503, 503, 503, 503]
  now = at('10:10:00')
  await vi.waitFor(() => expect(asked.length).toBeGreaterThan(2), { timeout: 5000 })
  answers = []
  now = at('10:15:00')
  await vi.waitFor(() => expect(asked.at(-1)!.get('x-call-id')).toBe(`nightly-${at('10:15:00') / 1000}`))
})

it('hands on the event that a function answers with', async () => {
  answer = () => eventResponse(capturedEvent({ hash: hashOf('x'), size: 1, mediaType: 'image/jpeg' }))
  start()
  await looks()
  now = at('10:05:00')
  await vi.waitFor(() => expect(published).toHaveLength(1), { timeout: 5000 })
})

it('leaves alone what has no schedule, is switched off, is played by others, or cannot be read, which it says', async () => {
  const complaints = vi.spyOn(console, 'error').mockImplementation(() => {})
  functions = [
    nightly({ name: 'unscheduled', annotations: { topic: 'cron-function' } }),
    nightly({ name: 'untopical', annotations: { schedule: '*/5 * * * *' } }),
    nightly({ name: 'off', disabled: true }),
    nightly({ name: 'played' }),
    nightly({ name: 'broken', annotations: { topic: 'cron-function', schedule: 'at noon' } }),
  ]
  start(['played'])
  await looks()
  now = at('10:05:00')
  await times(0)
  expect(complaints).toHaveBeenCalledExactlyOnceWith('schedule of broken:', '"at noon" is no schedule')
})
