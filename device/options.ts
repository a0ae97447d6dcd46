import { z } from 'zod'
import { EdgeloopError } from '../lib/errors/index.ts'
import { type Answer, deviceNameSchema, type Receipt } from '../lib/messages/index.ts'
import type { Backoff } from './backoff.ts'
import type { DeviceLog } from './log.ts'
import type { Outbox } from './outbox.ts'
import type { PhotoSource } from './sources/index.ts'

export interface DeviceOptions {
  /** Up to 63 letters, digits, dots, underscores and hyphens. */
  name: string
  /** Where the edge's broker listens: `mqtt://`, `mqtts://`, `ws://` or `wss://`. */
  broker: string
  credentials?: { username: string; password: string }
  /** Photos to send one after the other, as fast as the edge takes them. */
  source?: PhotoSource
  /** Called once for each photo that left the queue: stored, or refused for good. */
  onReceipt?: (receipt: Receipt) => void
  /** Called with each answer; one photo's may come more than once. */
  onAnswer?: (answer: Answer) => void
  log?: DeviceLog
  /** Where photos wait for their receipt (in memory, up to 256 MiB; `openDiskOutbox` keeps them through restarts). */
  outbox?: Outbox
  /** Photos that are under way at a time (1: they arrive in order). */
  inFlight?: number
  /** After this long without a receipt a photo is sent again, in milliseconds (30,000). */
  receiptTimeoutMs?: number
  /** Waits between attempts to connect, and after a refusal for now (half a second up to half a minute). */
  backoff?: Backoff
}

const PROTOCOLS = ['mqtt:', 'mqtts:', 'ws:', 'wss:']

const schema = z.object({
  name: deviceNameSchema,
  broker: z
    .string()
    .refine((text) => URL.canParse(text) && PROTOCOLS.includes(new URL(text).protocol), {
      error: 'an address that begins with mqtt://, mqtts://, ws:// or wss://',
    })
    .transform((text) => new URL(text)),
  inFlight: z.int().min(1).max(100).default(1),
  receiptTimeoutMs: z.number().positive().max(600_000).default(30_000),
  backoff: z
    .object({ firstMs: z.number().positive(), mostMs: z.number().positive() })
    .default({ firstMs: 500, mostMs: 30_000 }),
})

/**
 * What was given, with defaults; credentials are not looked at, so that no message can tell them.
 * @throws EdgeloopError INVALID_INPUT
 */
export function readOptions(options: DeviceOptions): z.output<typeof schema> {
  const parsed = schema.safeParse(options)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]!
  throw new EdgeloopError('INVALID_INPUT', `the device's ${issue.path.join('.')} cannot be used`, {
    where: issue.path.join('.'),
    hint: `Expected: ${issue.message}.`,
  })
}
