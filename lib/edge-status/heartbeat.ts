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

/** Which agent speaks: two must not go by the name of one edge. */
export const agentIdentity = z.object({
  /** Of the installation: kept in its data directory, through restarts and with a disk that moves. */
  instance: z.string().min(1),
  /** Of the process: what tells two apart whose disks are copies of one another. */
  run: z.string().min(1),
})

/** Something that a person has to see to. */
export const alarm = z.object({
  /** `SAME_NAME`: another agent goes by this edge's name. `DISK_HIGH`, `SPOOL_HIGH`, `PINS_HIGH`: something fills up. */
  code: z.string(),
  /** What it is, and what to do. */
  message: z.string(),
  /** By this edge's clock. */
  since: z.iso.datetime(),
})

/** How a function is doing on this node. */
const functionHealth = z.object({
  /** `NAME`, or `NAME.NAMESPACE` where it is not in the usual one: also its queue's name. */
  name: z.string(),
  /** Those that should run here. */
  replicas: count,
  /** Those that do, as far as is known. */
  available: count,
  /** Switched off here: its events wait. */
  disabled: z.boolean(),
  /** Why the oldest event that waits for it was not taken at its last attempt; null when none has failed. */
  lastError: z.string().nullable(),
  /** `open`: one event after the other failed, and the others wait; null where nothing is sent to it. */
  circuit: z.enum(['closed', 'open', 'half-open']).nullable().default(null),
})

/** `edges/EDGE/heartbeat`: how an edge is doing; retained, so that whoever asks later sees the last one. */
export const heartbeat = z.object({
  edge: eventData.edgeName,
  at: z.iso.datetime(),
  /** Absent in what older agents say. */
  agent: agentIdentity.extend({ version: z.string(), uptimeSeconds: z.number().nonnegative() }).optional(),
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
  functions: z.array(functionHealth).default([]),
  /** `edges/EDGE/desired.json` as this edge follows it. */
  desired: z
    .object({
      /** The one that is applied; null before the first. */
      revision: count.nullable(),
      /** Why what stands there now is not applied; null when it is, or when nothing stands there. */
      problem: z.string().nullable(),
    })
    .default({ revision: null, problem: null }),
  /** Why samples do not go up although they could, and until when; null when they may. */
  held: z.object({ why: z.string(), until: z.iso.datetime().nullable() }).nullable().default(null),
  alarms: z.array(alarm).default([]),
  /** MQTT connections that were closed for a packet over the limit, since the agent started. */
  oversizedPackets: count,
  /** Of the agent's process, its functions included. */
  memory: z.object({
    /** Bytes that are resident. */
    rss: count,
  }),
  /** What photos take that are kept because people know what is on them, and may; absent where an older agent speaks. */
  pinned: z.object({ bytes: count, maxBytes: count }).optional(),
  /** What waits for functions takes on disk, and may; absent where an older agent speaks. */
  room: z.object({ bytes: count, maxBytes: count, state: z.enum(['ok', 'high', 'full']) }).optional(),
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
export type AgentIdentity = z.infer<typeof agentIdentity>
export type AlarmReport = z.infer<typeof alarm>
export type FunctionHealth = z.infer<typeof functionHealth>
export type Heartbeat = z.infer<typeof heartbeat>
