import { setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Backoff, backoffDelay } from './backoff.ts'
import { type CircuitState, createCircuit } from './circuit.ts'
import type { Entry, Spool } from './types.ts'

/** What a handler says about an entry. Whatever it throws counts as `{ error }`. */
export type Outcome =
  /** Done. `commit` runs inside the transaction that acknowledges the entry: here followers are enqueued. */
  | { done: true; commit?: () => void }
  /** Not now. The server's own wish for the delay goes before the backoff. */
  | { error: string; retryAfterMs?: number }
  /** Never: a dead letter. `commit` runs inside the transaction that buries the entry. */
  | { dead: string; commit?: () => void }

export interface WorkerOptions<P> {
  spool: Spool<P>
  queue: string
  /** How many handlers run at a time. */
  concurrency: number
  /** Each lane in its order: see `TakeOptions`. Default false. */
  ordered?: boolean
  /** Must be idempotent: an entry is handled again when its acknowledgement did not reach the disk. */
  handle: (entry: Entry<P>, signal: AbortSignal) => Promise<Outcome>
  /**
   * What an entry waits for before work on it begins: it holds a place, and neither counts as an attempt nor, should the process
   * end meanwhile, as a crash.
   */
  ready?: (entry: Entry<P>, signal: AbortSignal) => Promise<void>
  /** What becomes of an entry at which the process ended too often. Default: a dead letter with this reason. */
  giveUp?: (entry: Entry<P>, why: string) => Outcome
  backoff?: Backoff
  /** Milliseconds since 1970. */
  clock?: () => number
  /** Failures of the worker itself, such as a disk that takes nothing. The entry stays queued. */
  onError?: (error: unknown) => void
}

export interface Worker {
  /** How many handlers are running. */
  readonly running: number
  readonly circuit: CircuitState
  /**
   * Takes nothing more and waits for the running handlers; after `timeoutMs` (default 10,000) it aborts them. What is not
   * done then stays queued.
   */
  close(options?: { timeoutMs?: number }): Promise<void>
}

const DEFAULT_BACKOFF: Backoff = { initialMs: 500, maxMs: 60_000 }
/** Look again at least so often, in case the clock is set. */
const LONGEST_SLEEP_MS = 30_000
/**
 * So often in a row may the process end while an entry is being handled. What ends it from outside, such as power cuts,
 * counts, too, so it is not few; an entry that kills the process must not do so for ever.
 */
const MAX_CRASHES = 8
/** An entry at which the process ended twice waits so long, twice as long after each further time; in milliseconds. */
const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 5000
/** How long an aborted handler may take to notice. */
const ABORT_GRACE_MS = 1000

/** Taken, and waiting to be handled alone. */
interface Suspect<P> {
  entry: Entry<P>
  /** When that may be, by the process's own clock. */
  at: number
}

/**
 * Works a queue off: bounded concurrency, retries with backoff, exact sleep in between. Where one entry after the other fails,
 * the queue rests, and a single one tries now and then. An entry at which the process
 * ended before is handled with no other of its queue beside it, so that it takes none of them along; and the oftener
 * that happened, the longer the others may go first.
 */
export function createWorker<P>({
  spool,
  queue,
  concurrency,
  ordered = false,
  handle,
  ready,
  giveUp = (_entry, why) => ({ dead: why }),
  backoff = DEFAULT_BACKOFF,
  clock = Date.now,
  onError = () => {},
}: WorkerOptions<P>): Worker {
  const running = new Set<Promise<void>>()
  const suspects: Suspect<P>[] = []
  const circuit = createCircuit(backoff)
  let alone = false
  const abort = new AbortController()
  // Each entry that is being handled listens to it.
  setMaxListeners(0, abort.signal)
  let timer: NodeJS.Timeout | undefined
  let closing = false
  let turn: NodeJS.Immediate | undefined

  async function attempt(entry: Entry<P>, begun: boolean): Promise<Outcome> {
    if (entry.crashes >= MAX_CRASHES)
      return giveUp(entry, `the process ended ${entry.crashes} times while this was being handled`)
    await ready?.(entry, abort.signal).catch((thrown: unknown) => {
      if (!abort.signal.aborted) throw thrown
    })
    if (abort.signal.aborted) return { error: 'closed before it began' }
    if (!begun) await spool.begin(entry.id)
    if (abort.signal.aborted) return { error: 'closed before it began' }
    try {
      return await handle(entry, abort.signal)
    } catch (thrown) {
      return { error: thrown instanceof Error ? thrown.message : String(thrown) }
    }
  }

  function retryDelay(entry: Pick<Entry<P>, 'attempts'>, retryAfterMs?: number) {
    return backoffDelay(backoff, entry.attempts, retryAfterMs)
  }

  async function settle(entry: Entry<P>, outcome: Outcome): Promise<void> {
    if ('error' in outcome) circuit.failed(outcome.error, outcome.retryAfterMs)
    else circuit.answered()
    const next = successor()
    try {
      await spool.database.transaction(() => {
        settleSync(entry, outcome)
        if (next) spool.beginSync(next.id)
      })
    } catch (error) {
      if (next) await spool.release(next.id)
      throw error
    }
    if (!next) return
    if (closing) await spool.release(next.id)
    else run(next, true)
  }

  function settleSync({ id, ...entry }: Entry<P>, outcome: Outcome): void {
    // Only if the entry is still there: nothing follows twice from one entry.
    if ('done' in outcome) {
      if (spool.ackSync(id)) outcome.commit?.()
    } else if ('dead' in outcome) {
      if (spool.burySync(id, { error: outcome.dead })) outcome.commit?.()
    } else {
      spool.retrySync(id, { delayMs: retryDelay(entry, outcome.retryAfterMs), error: outcome.error })
    }
  }

  /** What takes the place of an entry that ends. That it begins is written with that end, which saves a commit. */
  function successor(): Entry<P> | undefined {
    if (closing || ready || ordered || alone || ripeSuspect() || !circuit.isClosed()) return undefined
    return takeUnsuspected(1)[0]
  }

  function takeUnsuspected(limit: number): Entry<P>[] {
    const entries = spool.take(queue, limit, { now: clock(), ordered })
    for (const entry of entries)
      if (entry.crashes > 0) suspects.push({ entry, at: performance.now() + pauseOf(entry) })
    return entries.filter(({ crashes }) => crashes === 0)
  }

  function ripeSuspect(): Suspect<P> | undefined {
    return suspects.find(({ at }) => at <= performance.now())
  }

  async function work(entry: Entry<P>, begun: boolean): Promise<void> {
    try {
      const outcome = await attempt(entry, begun)
      // After an abort only success is worth writing down; a failure was ours.
      if (abort.signal.aborted && !('done' in outcome)) return await spool.release(entry.id)
      await settle(entry, outcome)
    } catch (error) {
      onError(error)
      // Neither acknowledged nor scheduled: the disk refused, or `commit` threw. Wait here, or it would spin.
      await sleep(retryDelay(entry), undefined, { signal: abort.signal }).catch(() => {})
      await spool.release(entry.id)
    }
  }

  /** Once for all that one commit finished or enqueued. */
  function pumpSoon() {
    if (closing || turn) return
    turn = setImmediate(() => {
      turn = undefined
      pump()
    })
  }

  function run(entry: Entry<P>, begun = false) {
    alone = entry.crashes > 0
    const task = work(entry, begun).finally(() => {
      running.delete(task)
      alone = false
      pumpSoon()
    })
    running.add(task)
  }

  function pump() {
    if (closing) return
    clearTimeout(timer)
    try {
      if (alone) return
      // Looked at once: it may open or close between two looks, and nothing would be done or waited for.
      const { state, retryInMs } = circuit.describe()
      const allowed = { closed: concurrency, 'half-open': 1, open: 0 }[state]
      const free = allowed - running.size
      const suspect = free > 0 ? ripeSuspect() : undefined
      if (!suspect) {
        if (free > 0) for (const entry of takeUnsuspected(free)) run(entry)
        sleepUntilDue(allowed, retryInMs)
      } else if (running.size === 0) {
        suspects.splice(suspects.indexOf(suspect), 1)
        run(suspect.entry)
      }
    } catch (error) {
      onError(error)
      timer = setTimeout(pump, backoff.maxMs)
    }
  }

  /** What frees a place, or enqueues, pumps by itself; an open circuit does not. */
  function sleepUntilDue(allowed: number, retryInMs: number) {
    const waits: number[] = []
    if (retryInMs > 0) waits.push(retryInMs)
    if (running.size < allowed) {
      waits.push(...suspects.map(({ at }) => at - performance.now()))
      const due = spool.nextDue(queue, { now: clock(), ordered })
      if (due !== undefined) waits.push(due - clock())
    }
    if (waits.length > 0) timer = setTimeout(pump, Math.max(0, Math.min(...waits, LONGEST_SLEEP_MS)))
  }

  const stopListening = spool.onEnqueue((changed) => {
    if (changed === queue) pumpSoon()
  })
  pump()

  return {
    get running() {
      return running.size
    },
    get circuit() {
      return circuit.describe()
    },
    async close({ timeoutMs = 10_000 } = {}) {
      closing = true
      stopListening()
      clearTimeout(timer)
      clearImmediate(turn)
      for (const { entry } of suspects.splice(0)) void spool.release(entry.id)
      const finished = () => Promise.allSettled(running)
      const limit = new AbortController()
      const wait = (ms: number) => sleep(ms, undefined, { signal: limit.signal }).catch(() => {})
      await Promise.race([finished(), wait(timeoutMs)])
      abort.abort()
      await Promise.race([finished(), wait(ABORT_GRACE_MS)])
      limit.abort()
    },
  }
}

/** None after the first time: most likely another entry was being handled, too. */
function pauseOf({ crashes }: { crashes: number }): number {
  if (crashes <= 1 || crashes >= MAX_CRASHES) return 0
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (crashes - 2))
}
