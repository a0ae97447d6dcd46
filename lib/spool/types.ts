import type { Database } from '../database/index.ts'

/** One unit of work. */
export interface Entry<P> {
  /** `QUEUE/SEQUENCE`: unique within the spool, for ever. */
  id: string
  /** The function that is to do it. */
  queue: string
  /** Grows by one with every entry of the spool; what the order goes by. */
  sequence: number
  /** What makes a repetition recognisable, such as an event's id. */
  key?: string
  payload: P
  /** How often it was tried in vain, crashes included. */
  attempts: number
  /** How often in a row the process ended while it was being handled. */
  crashes: number
  /** When it is due, in ms since 1970; 0 is at once. */
  notBefore: number
  /** When it was enqueued, in ms since 1970, by this machine's clock: for people, never for order. */
  enqueuedAt: number
  lastError?: string
  /** `parked`: queued, in a queue that is not being worked on. */
  state: 'queued' | 'dead' | 'parked'
}

export interface NewEntry<P> {
  queue: string
  /** An entry whose key this queue holds, or has finished lately, is not enqueued again. */
  key?: string
  payload: P
  /** Not to be taken before so many ms have passed. */
  delayMs?: number
  /** Where it comes from, such as a device or a topic: of what is due, lanes take turns. Without one, it is the oldest first. */
  lane?: string
  /** 0, the default, goes before 1, and so on to 9, whatever lane or age. */
  priority?: number
  /**
   * What becomes of it where the spool is full. `refuse`: it is not taken, OVERLOADED. `expendable`: the oldest entries of this
   * kind, of any queue, make room for it and for all others. `keep`, the default: it is taken all the same, because what it
   * follows from has been taken already.
   */
  whenFull?: 'keep' | 'refuse' | 'expendable'
}

/** `id` is missing where a duplicate's original is already done. */
export interface Enqueued {
  id?: string
  duplicate: boolean
}

export interface Depth {
  /** Entries to be done, in flight or parked ones included. */
  queued: number
  inFlight: number
  dead: number
  /** Records that could not be read any more and were set aside. */
  corrupt: number
  /** What all of these take on disk, without overhead. */
  bytes: number
  /** Expendable entries that had to go, ever. */
  dropped: number
  parked: boolean
}

export interface CorruptRecord {
  id: string
  why: string
  bytes: Uint8Array
}

export interface TakeOptions {
  /** Milliseconds since 1970. */
  now?: number
  /** No entry of a lane before the one in front of it is done: what waits to be tried again holds its lane up. */
  ordered?: boolean
}

/** How full the spool is. `high` comes before the bound, and is when somebody should be told. */
export interface Room {
  bytes: number
  maxBytes: number
  state: 'ok' | 'high' | 'full'
}

export interface DeadLetters<P> {
  /** By sequence; `after` is the id of the last one of the page before. */
  list(page?: { queue?: string; limit?: number; after?: string }): Entry<P>[]
  show(id: string): Entry<P> | undefined
  /** Queues it again, in its old place and with no attempts counted. Returns false where there is no such dead letter. */
  replay(id: string): Promise<boolean>
  replaySync(id: string): boolean
  /** Forgets it; its key counts as done. Returns false where there is no such dead letter. */
  discard(id: string): Promise<boolean>
}

/**
 * A durable queue of queues. A promise that resolves means: on disk. The `…Sync` methods are for use inside
 * `database.transaction`, together with writes to other tables of the same database.
 */
export interface Spool<P> {
  readonly database: Database
  /**
   * `INVALID_INPUT` when an entry does not fit, `OVERLOADED` when there is no room for one that is to be refused then; none of
   * the batch is enqueued.
   */
  enqueue(entry: NewEntry<P>): Promise<Enqueued>
  enqueue(entries: NewEntry<P>[]): Promise<Enqueued[]>
  enqueueSync(entry: NewEntry<P>): Enqueued
  /**
   * Up to `limit` entries that are due, by priority, lanes in turn and the oldest of each first; marks them in flight: in memory
   * only, so that they are due again after a crash. Each one taken must be acknowledged, retried, buried or released.
   */
  take(queue: string, limit: number, options?: TakeOptions): Entry<P>[]
  /**
   * Notes that work on an entry begins: should the process end before it is acknowledged, retried, buried or released,
   * that counts as a crash. Returns false where there is no such entry (any more).
   */
  begin(id: string): Promise<boolean>
  beginSync(id: string): boolean
  /** Gives an entry back as it was, without counting an attempt: at once where nothing was begun. */
  release(id: string): Promise<void>
  /** Done: forgets it, and remembers its key. Returns false where there is no such entry (any more). */
  ack(id: string): Promise<boolean>
  ackSync(id: string): boolean
  /** Failed for now: due again after `delayMs` (at most a day), with one more attempt counted. */
  retry(id: string, why: { delayMs: number; error: string }): Promise<boolean>
  retrySync(id: string, why: { delayMs: number; error: string }): boolean
  /** Failed for good: moves it to the dead letters. */
  bury(id: string, why: { error: string }): Promise<boolean>
  burySync(id: string, why: { error: string }): boolean
  /** While a queue is parked it takes entries and gives none; this survives restarts. */
  park(queue: string): Promise<void>
  unpark(queue: string): Promise<void>
  readonly deadLetters: DeadLetters<P>
  /** Queued entries by sequence, in flight ones included, without taking them. */
  list(queue: string, page?: { limit?: number; after?: string }): Entry<P>[]
  corrupt(): CorruptRecord[]
  depth(queue: string): Depth
  /** Every queue that ever had an entry, or was parked. */
  queues(): string[]
  /**
   * When `take` will have something, in ms since 1970 (0: at once); undefined when nothing waits or the queue is
   * parked. What is in flight does not count.
   */
  nextDue(queue: string, options?: TakeOptions): number | undefined
  room(): Room
  /** Drops expendable entries that have waited for longer than they may, while this spool was open. Returns how many. */
  expire(): Promise<number>
  /** Calls back whenever a queue may have something new to take. Returns how to stop that. */
  onEnqueue(listener: (queue: string) => void): () => void
}
