import path from 'node:path'
import { openDatabase } from '../../lib/database/index.ts'
import { createSpool, type Entry, type Spool } from '../../lib/spool/index.ts'
import { type BodyStore, openBodyStore, type Room } from './body-store.ts'
import { type Call, type Callback, call, callback } from './call.ts'

/** Where asynchronous calls wait, and what they are answered: on disk. A queue for each function. */
export interface CallQueue {
  calls: Spool<Call>
  callbacks: Spool<Callback>
  bodies: BodyStore
  room: Room
  close(): Promise<void>
}

export interface CallQueueOptions {
  directory: string
  /** Bytes that the bodies of calls, answers and dead letters may take together; 8 GiB when absent. */
  volumeBytes?: number
  /** Bytes that one body may have; 256 MiB when absent. */
  maxBodyBytes?: number
}

const VOLUME_BYTES = 8 * 2 ** 30
const MAX_BODY_BYTES = 256 * 2 ** 20

/** Opens (and creates) the queue in a directory, which only one process may use at a time. */
export async function openCallQueue(options: CallQueueOptions): Promise<CallQueue> {
  const { directory, volumeBytes = VOLUME_BYTES, maxBodyBytes = MAX_BODY_BYTES } = options
  const database = await openDatabase(path.join(directory, 'queue'))
  try {
    const calls = createSpool<Call>(database, 'async.calls', call)
    const callbacks = createSpool<Callback>(database, 'async.callbacks', callback)
    const wanted = new Set([...filesOf(calls), ...filesOf(callbacks)])
    const bodies = await openBodyStore(path.join(directory, 'bodies'), (file) => wanted.has(file))
    const room = { body: Math.min(maxBodyBytes, volumeBytes), all: volumeBytes }
    return { calls, callbacks, bodies, room, close: () => database.close() }
  } catch (error) {
    await database.close()
    throw error
  }
}

function* filesOf(spool: Spool<Call> | Spool<Callback>): Generator<string> {
  for (const queue of spool.queues()) {
    yield* named((after) => spool.list(queue, { after }))
    yield* named((after) => spool.deadLetters.list({ queue, after }))
  }
}

function* named(page: (after?: string) => Entry<Call | Callback>[]): Generator<string> {
  for (let entries = page(); entries.length > 0; entries = page(entries.at(-1)!.id))
    for (const { payload } of entries) if (payload.body) yield payload.body.file
}
