import { z } from 'zod'
import type { Database } from '../../lib/database/index.ts'

const reasons = ['unmatched', 'malformed', 'oversized'] as const

const keptSchema = z.object({
  topic: z.string(),
  /** `unmatched`: no function asks for it. `malformed`: it is not what its topic promises. `oversized`: more than is taken. */
  reason: z.enum(reasons),
  /** As a sentence. */
  why: z.string(),
  /** When it came, by this machine's clock. */
  at: z.iso.datetime(),
  /** Of the whole message, in bytes. */
  size: z.int().nonnegative(),
  /** Its first bytes. */
  head: z.custom<Uint8Array>((value) => value instanceof Uint8Array),
})

export type Kept = z.infer<typeof keptSchema> & { id: number }
export type Reason = (typeof reasons)[number]

/** Messages that nothing can be made of, with the reason; the latest of them, so that they cannot fill a disk. */
export interface KeptAside {
  keep(topic: string, body: Uint8Array, reason: Reason, why: string): Promise<void>
  /** The latest first. */
  list(): Kept[]
  /** How many there have been, ever. */
  count(): number
}

const MOST = 1000
/** Of each; enough to see what it is, or to send it again by hand where it is an event. */
const HEAD_BYTES = 16 * 1024
const TOPIC_LENGTH = 1000

export function createKeptAside(database: Database): KeptAside {
  const table = database.table('kept-aside', keptSchema)
  const last = () => Number([...table.keys({ reverse: true, limit: 1 })][0] ?? 0)

  return {
    keep: (topic, body, reason, why) =>
      database.transaction(() => {
        const id = last() + 1
        table.putSync(id, {
          topic: topic.slice(0, TOPIC_LENGTH),
          reason,
          why,
          at: new Date().toISOString(),
          size: body.length,
          head: Uint8Array.from(body.subarray(0, HEAD_BYTES)),
        })
        for (const old of [...table.keys({ limit: 4 })]) if (Number(old) <= id - MOST) table.removeSync(old)
      }),
    list: () =>
      [...table.keys({ reverse: true })].flatMap((id) => {
        const kept = table.get(id)
        return kept ? [{ id: Number(id), ...kept }] : []
      }),
    count: last,
  }
}
