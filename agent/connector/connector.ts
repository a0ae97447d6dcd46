import type { FunctionStatus } from '../../gateway/index.ts'
import { type EdgeloopEvent, eventRequest } from '../../lib/events/index.ts'
import { createWorker, type Entry, type Outcome, type Spool, type Worker } from '../../lib/spool/index.ts'
import { type FunctionTraits, traitsOf } from '../../lib/stack/index.ts'
import { readAnswer } from './outcome.ts'
import { matchesTopic } from './topic-filter.ts'

/** A function that events may invoke. */
export interface Subscriber {
  name: string
  traits: FunctionTraits
}

/** What a gateway lists, as subscribers. */
export function subscribersOf(functions: readonly FunctionStatus[]): Subscriber[] {
  return functions.map((fn) => ({ name: fn.name, traits: traitsOf(fn) }))
}

export interface ConnectorOptions {
  spool: Spool<EdgeloopEvent>
  /** Sends a request to a function of this node. */
  invoke(name: string, request: Request): Promise<Response>
  /** Adds to an event what the function asked for with `edgeloop.dev/context`. */
  enrich?(event: EdgeloopEvent, context: ReadonlySet<string>): EdgeloopEvent
  /** Runs inside the transaction in which an event enters the spool. */
  onEvent?(event: EdgeloopEvent): void
  /** Runs inside the transaction in which an event becomes a dead letter. */
  onDeadLetter?(event: EdgeloopEvent, subscriber: string, why: string): void
}

/** Carries events to the functions whose topics match, and what they answer to the next ones. */
export interface Connector {
  /** Follows the functions that are deployed now. Events for one that has gone wait for its return. */
  subscribe(subscribers: readonly Subscriber[]): Promise<void>
  /** Resolves when the event is on disk for every function that wants it. A repeated event is recognised by its id. */
  publish(event: EdgeloopEvent): Promise<void>
  /** The same inside a transaction of the spool's database. */
  publishSync(event: EdgeloopEvent): void
  /** Stops taking, waits for what runs. */
  close(): Promise<void>
}

/** Waits between attempts: long enough for a restart, short enough that a healed line is used at once. */
const BACKOFF = { initialMs: 200, maxMs: 5_000 }

export function createConnector(options: ConnectorOptions): Connector {
  const { spool, invoke } = options
  const { database } = spool
  /** Who gets events from now on; replaced in one assignment, so that no event falls between two lists. */
  let current: readonly Subscriber[] = []
  const workers = new Map<string, { subscriber: Subscriber; worker: Worker }>()

  function publishSync(event: EdgeloopEvent): void {
    const topic = `events/${event.type}`
    for (const { name, traits } of current) {
      if (traits.topics.some((filter) => matchesTopic(filter, topic)))
        spool.enqueueSync({ queue: name, key: event.id, payload: event })
    }
    options.onEvent?.(event)
  }

  async function handle({ name, traits }: Subscriber, entry: Entry<EdgeloopEvent>): Promise<Outcome> {
    const event = options.enrich?.(entry.payload, traits.context) ?? entry.payload
    const request = eventRequest(`http://${name}/`, event, {
      'x-topic': `events/${event.type}`,
      'x-connector': 'edgeloop',
      'x-call-id': entry.id.replaceAll('/', '-'),
    })
    const answer = await readAnswer(await invoke(name, request))
    if ('refused' in answer) {
      const dead = answer.refused
      return { dead, commit: () => options.onDeadLetter?.(entry.payload, name, dead) }
    }
    if ('failed' in answer) return { error: answer.failed, retryAfterMs: answer.retryAfterMs }
    const { follower } = answer
    return { done: true, commit: () => follower && publishSync(follower) }
  }

  function start(subscriber: Subscriber): Worker {
    return createWorker({
      spool,
      queue: subscriber.name,
      concurrency: subscriber.traits.maxInflight,
      backoff: BACKOFF,
      handle: (entry) => handle(subscriber, entry),
      onError: (error) => console.error(`${subscriber.name}:`, error),
    })
  }

  return {
    async subscribe(subscribers) {
      current = subscribers
      const wanted = new Map(subscribers.map((subscriber) => [subscriber.name, subscriber]))
      for (const [name, { subscriber, worker }] of workers) {
        if (sameTraits(subscriber, wanted.get(name))) continue
        workers.delete(name)
        await worker.close()
      }
      for (const subscriber of wanted.values()) {
        if (!workers.has(subscriber.name))
          workers.set(subscriber.name, { subscriber, worker: start(subscriber) })
      }
    },
    publish: (event) => database.transaction(() => publishSync(event)),
    publishSync,
    async close() {
      await Promise.all([...workers.values()].map(({ worker }) => worker.close()))
    },
  }
}

function sameTraits(a: Subscriber, b: Subscriber | undefined): boolean {
  const key = ({ traits }: Subscriber) =>
    JSON.stringify([traits.topics, [...traits.context], traits.maxInflight])
  return b !== undefined && key(a) === key(b)
}
