import type { Database } from '../../lib/database/index.ts'
import { doubtStore } from '../../lib/dataset/index.ts'
import { asEdgeloopError } from '../../lib/errors/index.ts'
import type { ObjectStore } from '../../lib/s3/index.ts'
import { createAlarm } from '../../lib/waiting/index.ts'
import type { LabelBook } from './label-book.ts'

export interface FollowDoubtsOptions {
  store: ObjectStore
  dataset: string
  database: Database
  book: LabelBook
  /** How often the bucket is looked at, in milliseconds. */
  pollMs?: number
}

/** A training run takes minutes, and nothing waits for a second opinion. */
const POLL_MS = 10 * 60_000

/**
 * Follows which labels of this edge's photos the newest training run doubts: a second person can be asked where the photos
 * are, and with the uplink `features` that is here only. While the cloud is out of reach the last ones hold.
 */
export function followDoubts(options: FollowDoubtsOptions): { close(): Promise<void> } {
  const { store, dataset, database, book, pollMs = POLL_MS } = options
  const doubts = doubtStore(store, dataset)
  const alarm = createAlarm()
  const closing = new AbortController()
  /** What was complained about. */
  let complaint = ''

  async function look(): Promise<void> {
    try {
      const found = await doubts.read({ signal: closing.signal })
      if (book.doubtsOtherwise(found)) await database.transaction(() => book.doubtSync(found))
      complaint = ''
    } catch (thrown) {
      const { code, message } = asEdgeloopError(thrown)
      // Being out of reach is an ordinary state of an edge.
      if (code === 'UNAVAILABLE' || closing.signal.aborted || message === complaint) return
      console.error(`doubted labels: ${message}`)
      complaint = message
    }
  }

  async function follow(): Promise<void> {
    while (!closing.signal.aborted) {
      await look()
      if (!closing.signal.aborted) await alarm.wait(pollMs)
    }
  }

  const following = follow()
  return {
    async close() {
      closing.abort()
      alarm.ring()
      await following
    },
  }
}
