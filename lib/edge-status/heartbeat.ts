import { z } from 'zod'
import { eventData } from '../events/index.ts'

const count = z.number().int().nonnegative()

/** What an edge has done with its photos so far; photos are counted by content, once each. */
export const totals = z.object({
  captured: count,
  accepted: count,
  review: count,
  rejected: count,
  deadLettered: count,
  uploaded: count,
  bytesCaptured: count,
  bytesUploaded: count,
})

/** `edges/EDGE/heartbeat`: how an edge is doing; retained, so that whoever asks later sees the last one. */
export const heartbeat = z.object({
  edge: eventData.edgeName,
  at: z.iso.datetime(),
  /** The local gateway, as reached from this machine. */
  gateway: z.url(),
  broker: z.string(),
  /** The connection to the cloud's broker, as this edge sees it, and since when it is so by this edge's clock. */
  link: z.object({ connected: z.boolean(), since: z.iso.datetime() }),
  totals,
  /** Events waiting, by function. */
  spool: z.record(z.string(), count),
  /** Functions whose events wait because they are switched off here, or have gone. */
  parked: z.array(z.string()).default([]),
  deadLetters: count,
  /** MQTT connections that were closed for a packet over the limit, since the agent started. */
  oversizedPackets: count,
  /** Of the agent's process, its functions included. */
  memory: z.object({
    /** Bytes that are resident. */
    rss: count,
  }),
  /** The disk that photos are on; absent where an older agent speaks. */
  disk: z
    .object({
      /** What photos take, and may take. */
      usedBytes: count,
      limitBytes: count,
      /** What is left on the disk. */
      freeBytes: count,
      /** `high`: what still has to be kept is near the bound. `full`: new photos are refused. */
      state: z.enum(['ok', 'high', 'full']),
    })
    .optional(),
  model: z.object({
    name: eventData.name,
    /** What the channel points at, as far as this edge knows. */
    wanted: z.number().int().positive().nullable(),
    serving: z.number().int().positive().nullable(),
    why: z.string().nullable(),
  }),
})

export type Totals = z.infer<typeof totals>
export type DiskStatus = NonNullable<Heartbeat['disk']>
export type LinkState = Heartbeat['link']
export type Heartbeat = z.infer<typeof heartbeat>
