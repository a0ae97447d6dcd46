import { z } from 'zod'
import type { PlacedFunction, Provider } from '../../gateway/index.ts'
import type { Database } from '../../lib/database/index.ts'
import { asEdgeloopError } from '../../lib/errors/index.ts'
import type { EdgeloopEvent } from '../../lib/events/index.ts'
import { readSchedule } from '../../lib/schedule/index.ts'
import { createSpool, createWorker, type Entry, type Outcome, type Worker } from '../../lib/spool/index.ts'
import { createAlarm, withDeadline } from '../../lib/waiting/index.ts'
import { invokeWith, readAnswer, subscriberOf } from '../connector/index.ts'

export interface SchedulerOptions {
  database: Database
  /** Knows and runs the functions of this place. */
  provider: Pick<Provider, 'listAt' | 'invoke'>
  /** Takes the event that a function answers with, inside the transaction that settles its tick. */
  publishSync(event: EdgeloopEvent): void
  /** Functions whose schedule somebody else plays. */
  except?: ReadonlySet<string>
  /** How often it is looked at the clock and at the functions, in milliseconds. */
  lookMs?: number
  /** Milliseconds since 1970. */
  clock?: () => number
}

export interface Scheduler {
  close(): Promise<void>
}

/** As cron-connector says what it is. */
const TOPIC = 'cron-function'
const LOOK_MS = 500
const TIMEOUT_MS = 5 * 60_000
const BACKOFF = { initialMs: 1000, maxMs: 30_000 }
const GRACE_MS = 2000

/** Which tick of a function was the last one that it got; the next one is after that. */
const lastTick = z.object({ schedule: z.string(), at: z.number() })
/** A tick, in ms since 1970. */
const tick = z.number()

interface Scheduled {
  name: string
  schedule: string
}

/**
 * Invokes functions with the annotation `schedule` and the topic `cron-function`, as cron-connector does. That a tick has
 * come is on disk before anybody is asked: never twice for one tick, and of those that came while this was not running the
 * last one is made up for. A function that fails is asked again until its next tick comes.
 */
export function createScheduler(options: SchedulerOptions): Scheduler {
  const { database, provider, except = new Set(), lookMs = LOOK_MS, clock = Date.now } = options
  const last = database.table('scheduler.last', lastTick)
  const spool = createSpool<number>(database, 'schedule', tick)
  const invoke = invokeWith(provider)
  const workers = new Map<string, Worker>()
  const alarm = createAlarm()
  const complaints = new Map<string, string>()
  let closing = false

  async function look(): Promise<void> {
    const scheduled = scheduledOf(await provider.listAt()).filter(({ name }) => !except.has(name))
    for (const each of scheduled) {
      await consider(each).then(
        () => complaints.delete(each.name),
        (thrown: unknown) => complain(each.name, thrown)
      )
      work(each.name)
    }
    await stopWorking(new Set(scheduled.map(({ name }) => name)))
  }

  async function consider({ name, schedule }: Scheduled): Promise<void> {
    const now = clock()
    const due = readSchedule(schedule).upTo(now)
    const known = last.get(name)
    // What is new begins with the next tick.
    if (known?.schedule !== schedule)
      await database.transaction(() => last.putSync(name, { schedule, at: now }))
    else if (due !== undefined && due > known.at)
      await database.transaction(() => {
        last.putSync(name, { schedule, at: due })
        spool.enqueueSync({ queue: name, key: new Date(due).toISOString(), payload: due })
      })
  }

  function work(queue: string): void {
    if (workers.has(queue)) return
    const onError = (error: unknown) => complain(queue, error)
    workers.set(queue, createWorker({ spool, queue, concurrency: 1, handle, backoff: BACKOFF, onError }))
  }

  /** For one that has gone, a tick waits for its return. */
  async function stopWorking(but: ReadonlySet<string>): Promise<void> {
    for (const [name, worker] of workers) {
      if (but.has(name)) continue
      workers.delete(name)
      await worker.close({ timeoutMs: GRACE_MS })
    }
  }

  async function handle(entry: Entry<number>, stopped: AbortSignal): Promise<Outcome> {
    const { queue: name, payload: at } = entry
    if ((last.get(name)?.at ?? at) > at) return { done: true }
    const request = (signal: AbortSignal) =>
      new Request(`http://${name}/`, {
        method: 'POST',
        headers: {
          'X-Topic': TOPIC,
          'X-Connector': 'cron-connector',
          'X-Call-Id': `${name}-${at / 1000}`,
          'Idempotency-Key': `${name} ${at}`,
        },
        signal,
      })
    const answer = await withDeadline(stopped, TIMEOUT_MS, async (signal) =>
      readAnswer(await invoke(name, request(signal)))
    )
    if ('refused' in answer) {
      complain(name, new Error(answer.refused))
      return { done: true }
    }
    if ('failed' in answer) return { error: answer.failed, retryAfterMs: answer.retryAfterMs }
    const { follower } = answer
    return { done: true, commit: () => follower && options.publishSync(follower) }
  }

  function complain(name: string, thrown: unknown): void {
    const { message } = asEdgeloopError(thrown)
    if (!closing && complaints.get(name) !== message) console.error(`schedule of ${name}:`, message)
    complaints.set(name, message)
  }

  async function watch(): Promise<void> {
    while (!closing) {
      // Not to know the functions yet is ordinary where they are learnt from elsewhere.
      await look().catch((thrown: unknown) => {
        if (asEdgeloopError(thrown).code !== 'UNAVAILABLE') complain('functions', thrown)
      })
      if (!closing) await alarm.wait(lookMs)
    }
  }

  const watching = watch()
  return {
    async close() {
      closing = true
      alarm.ring()
      await watching
      await stopWorking(new Set())
    },
  }
}

function scheduledOf(functions: readonly PlacedFunction[]): Scheduled[] {
  return functions.flatMap((fn) => {
    const { name, traits, disabled } = subscriberOf(fn)
    const schedule = fn.annotations?.schedule
    return schedule !== undefined && traits.topics.includes(TOPIC) && !disabled ? { name, schedule } : []
  })
}
