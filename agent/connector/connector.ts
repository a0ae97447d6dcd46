import { z } from 'zod'
import { DEFAULT_NAMESPACE, type PlacedFunction, type Provider } from '../../gateway/index.ts'
import type { EdgeloopEvent } from '../../lib/events/index.ts'
import {
  type CircuitState,
  createWorker,
  type Entry,
  type NewEntry,
  type Outcome,
  type Spool,
  type Worker,
} from '../../lib/spool/index.ts'
import { type FunctionTraits, traitsOf } from '../../lib/stack/index.ts'
import { withDeadline } from '../../lib/waiting/index.ts'
import { type Delivery, isEvent, laneOf, priorityOf, topicOf } from './delivery.ts'
import { deliveryRequest } from './delivery-request.ts'
import type { MqttMessage } from './mqtt-message.ts'
import { type Answer, readAnswer } from './outcome.ts'
import { matchesTopic, uncovered } from './topic-filter.ts'

/** A function that events may invoke. */
export interface Subscriber {
  /** `NAME`, or `NAME.NAMESPACE` where it is not in the usual one: also its queue's name. */
  name: string
  traits: FunctionTraits
  /** Switched off here: its events wait. */
  disabled?: boolean
}

/** What a gateway lists, as a subscriber. */
export function subscriberOf(fn: PlacedFunction): Subscriber {
  const { name, namespace = '', disabled } = fn
  const usual = namespace === '' || namespace === DEFAULT_NAMESPACE
  return { name: usual ? name : `${name}.${namespace}`, traits: traitsOf(fn), disabled }
}

/** Sends requests to subscribers by their names. */
export function invokeWith(provider: Pick<Provider, 'invoke'>): ConnectorOptions['invoke'] {
  return (subscriber, request) => {
    const [name, namespace] = subscriber.split('.')
    return provider.invoke(name!, request, namespace)
  }
}

export interface ConnectorOptions {
  spool: Spool<Delivery>
  /** Sends a request to a subscriber. */
  invoke(name: string, request: Request): Promise<Response>
  /** When the first attempt, or the next one, may begin; without it, at once. Rejects when the signal fires. */
  admit?(subscriber: string, delivery: Delivery, signal: AbortSignal): Promise<void>
  /** Adds to an event what the function asked for with `edgeloop.dev/context`. */
  enrich?(event: EdgeloopEvent, context: ReadonlySet<string>): EdgeloopEvent
  /** Runs inside the transaction in which an event enters the spool. */
  onEvent?(event: EdgeloopEvent): void
  /** Runs inside the transaction in which an event becomes a dead letter. */
  onDeadLetter?(event: EdgeloopEvent, subscriber: string, why: string): void
  /** The filters of all functions together have changed. */
  onTopics?(filters: readonly string[]): void
  /** Waits between attempts. */
  backoff?: { initialMs: number; maxMs: number }
  /** How long a function may take for one event, in milliseconds. */
  timeoutMs?: number
  /** How long a function has to be gone from the list before it gets no more events, in milliseconds. */
  goneMs?: number
}

/** Carries events to the functions whose topics match, and what they answer to the next ones. */
export interface Connector {
  /**
   * Follows the functions that are deployed now. For one that is switched off, events wait in a queue that is parked. So
   * they do for one that has gone from the list, for a while: it may be replaced at this moment, and nothing that it would
   * have got may be lost. Then it counts as removed: what waits goes on waiting for its return, and nothing is added.
   */
  subscribe(subscribers: readonly Subscriber[]): Promise<void>
  /** Resolves when the event is on disk for every function that wants it. A repeated event is recognised by its id. */
  publish(event: EdgeloopEvent, whenFull?: NewEntry<unknown>['whenFull']): Promise<void>
  /**
   * The same inside a transaction of the spool's database.
   * @param whenFull of what is only coming in, `refuse`
   * @returns how many functions want it
   */
  publishSync(event: EdgeloopEvent, whenFull?: NewEntry<unknown>['whenFull']): number
  /**
   * Resolves when a message is on disk for every function that wants it, to how many these are.
   * @throws EdgeloopError OVERLOADED where it is to be refused when the spool is full
   */
  deliver(message: MqttMessage, whenFull: 'refuse' | 'expendable'): Promise<number>
  /** What messages have to be subscribed to for the functions that are here: none that another one covers. */
  topics(): readonly string[]
  /** How it is with each function that is deployed now and switched on. */
  circuits(): Readonly<Record<string, CircuitState>>
  /** Stops taking, waits a moment for what runs; what is not done then stays queued. */
  close(): Promise<void>
}

/** Long enough for a restart, short enough that a healed line is used at once. */
const BACKOFF = { initialMs: 200, maxMs: 5_000 }
/** Enough for a large photo over a slow line. A function that hangs must not hold its queue up for ever. */
const TIMEOUT_MS = 5 * 60_000
/** How long running functions may take to end when a worker stops, in milliseconds. */
const GRACE_MS = 2_000

/** Longer than any replacement, and short enough that what nobody will ever ask for does not fill the disk. */
const GONE_MS = 10 * 60_000

/** How often what may be dropped for its age is looked for, in milliseconds. */
const EXPIRE_MS = 60_000

/** The topics of each function that gets events, kept so that a restart knows who is absent. */
const knownTopics = z.array(z.string())

export function createConnector(options: ConnectorOptions): Connector {
  const { spool, invoke, backoff = BACKOFF, timeoutMs = TIMEOUT_MS, goneMs = GONE_MS } = options
  const { database } = spool
  const known = database.table('connector.topics', knownTopics)
  /** Who gets events, deployed now or not. */
  const audience = new Map<string, readonly string[]>()
  for (const name of known.keys()) audience.set(String(name), known.get(name) ?? [])
  /** Who gets events and is not in the list, since when on the clock of `performance.now()`. */
  const absent = new Map<string, number>()
  const workers = new Map<string, { subscriber: Subscriber; worker: Worker }>()
  const expiring = setInterval(() => {
    spool.expire().catch((error: unknown) => console.error('connector:', error))
  }, EXPIRE_MS)
  expiring.unref()
  let turn: Promise<void> = Promise.resolve()
  let closing = false

  function publishSync(event: EdgeloopEvent, whenFull: NewEntry<unknown>['whenFull'] = 'keep'): number {
    const wanted = enqueueSync(event, whenFull)
    options.onEvent?.(event)
    return wanted
  }

  /** For everybody who wants it: how many these are. */
  function enqueueSync(delivery: Delivery, whenFull: NewEntry<unknown>['whenFull']): number {
    const queues = audienceOf(delivery)
    const key = isEvent(delivery) ? delivery.id : undefined
    const place = { lane: laneOf(delivery), priority: priorityOf(delivery), whenFull }
    for (const queue of queues) spool.enqueueSync({ queue, key, payload: delivery, ...place })
    return queues.length
  }

  function audienceOf(delivery: Delivery): string[] {
    const topic = topicOf(delivery)
    return [...audience].flatMap(([queue, filters]) =>
      filters.some((filter) => matchesTopic(filter, topic)) ? [queue] : []
    )
  }

  async function handle(subscriber: Subscriber, entry: Entry<Delivery>, stopped: AbortSignal) {
    const answer = await ask(subscriber, entry, stopped)
    if ('refused' in answer) return deadLetter(subscriber, entry, answer.refused)
    if ('failed' in answer) return { error: answer.failed, retryAfterMs: answer.retryAfterMs }
    const { follower } = answer
    return { done: true as const, commit: () => follower && publishSync(follower) }
  }

  async function ask(
    { name, traits }: Subscriber,
    { id, payload }: Entry<Delivery>,
    stopped: AbortSignal
  ): Promise<Answer> {
    const enriched = isEvent(payload) ? options.enrich?.(payload, traits.context) : undefined
    return withDeadline(stopped, timeoutMs, async (signal) =>
      readAnswer(await invoke(name, deliveryRequest(`http://${name}/`, enriched ?? payload, id, signal)))
    )
  }

  function deadLetter({ name }: Subscriber, { payload }: Entry<Delivery>, dead: string): Outcome {
    return { dead, commit: () => isEvent(payload) && options.onDeadLetter?.(payload, name, dead) }
  }

  function start(subscriber: Subscriber): Worker {
    return createWorker({
      spool,
      queue: subscriber.name,
      concurrency: subscriber.traits.maxInflight,
      ordered: subscriber.traits.ordered,
      backoff,
      handle: (entry, signal) => handle(subscriber, entry, signal),
      ready: options.admit && ((entry, signal) => options.admit!(subscriber.name, entry.payload, signal)),
      giveUp: (entry, why) => deadLetter(subscriber, entry, why),
      onError: (error) => {
        if (!closing) console.error(`${subscriber.name}:`, error)
      },
    })
  }

  /** On disk first, so that no restart forgets a function for which events are waiting. */
  async function remember(subscribers: readonly Subscriber[]): Promise<void> {
    const changed = subscribers.filter(
      ({ name, traits }) => audience.get(name)?.join() !== traits.topics.join()
    )
    if (changed.length === 0) return
    await database.transaction(() => {
      for (const { name, traits } of changed) known.putSync(name, traits.topics)
    })
    for (const { name, traits } of changed) audience.set(name, traits.topics)
    options.onTopics?.(topics())
  }

  function topics(): string[] {
    return uncovered([...audience.values()].flat())
  }

  /** Those that have been gone for long get no more events; their queues stay as they are, parked. */
  async function forgetGone(subscribers: readonly Subscriber[]): Promise<void> {
    const listed = new Set(subscribers.map(({ name }) => name))
    for (const name of listed) absent.delete(name)
    const now = performance.now()
    for (const name of audience.keys()) if (!listed.has(name) && !absent.has(name)) absent.set(name, now)
    const gone = [...absent].flatMap(([name, since]) => (now - since >= goneMs ? name : []))
    if (gone.length === 0) return
    await database.transaction(() => {
      for (const name of gone) known.removeSync(name)
    })
    for (const name of gone) {
      audience.delete(name)
      absent.delete(name)
    }
    options.onTopics?.(topics())
  }

  async function parkAllBut(wanted: ReadonlyMap<string, unknown>): Promise<void> {
    for (const name of audience.keys()) {
      const park = !wanted.has(name)
      if (spool.depth(name).parked === park) continue
      await (park ? spool.park(name) : spool.unpark(name))
    }
  }

  async function follow(subscribers: readonly Subscriber[]): Promise<void> {
    await remember(subscribers)
    const on = subscribers.filter(({ disabled }) => !disabled)
    const wanted = new Map(on.map((subscriber) => [subscriber.name, subscriber]))
    const outdated = [...workers.values()].filter(
      ({ subscriber }) => !sameTraits(subscriber, wanted.get(subscriber.name))
    )
    await Promise.all(
      outdated.map(async ({ subscriber, worker }) => {
        workers.delete(subscriber.name)
        await worker.close({ timeoutMs: GRACE_MS })
      })
    )
    if (closing) return
    await parkAllBut(wanted)
    await forgetGone(subscribers)
    for (const subscriber of wanted.values()) {
      if (!workers.has(subscriber.name))
        workers.set(subscriber.name, { subscriber, worker: start(subscriber) })
    }
  }

  return {
    subscribe(subscribers) {
      // One list after the other: two at a time would leave the older one's workers beside the newer one's.
      const following = turn.then(() => follow(subscribers))
      turn = following.catch(() => {})
      return following
    },
    publish: (event, whenFull) => database.transaction(() => void publishSync(event, whenFull)),
    publishSync,
    async deliver(message, whenFull) {
      // What nobody asks for needs no disk, which may be full.
      if (audienceOf(message).length === 0) return 0
      return database.transaction(() => enqueueSync(message, whenFull))
    },
    topics,
    circuits: () =>
      Object.fromEntries([...workers].map(([name, { worker }]) => [name, worker.circuit] as const)),
    async close() {
      closing = true
      clearInterval(expiring)
      await turn
      await Promise.all([...workers.values()].map(({ worker }) => worker.close({ timeoutMs: GRACE_MS })))
    },
  }
}

function sameTraits(a: Subscriber, b: Subscriber | undefined): boolean {
  const key = ({ traits }: Subscriber) =>
    JSON.stringify([traits.topics, [...traits.context], traits.maxInflight, traits.ordered])
  return b !== undefined && key(a) === key(b)
}
