/** What an object store needs to know, checked. @module */
import { z } from 'zod'
import { EdgeloopError } from '../errors/index.ts'

export const ObjectStoreOptionsSchema = z.strictObject({
  endpoint: z.url({ protocol: /^https?$/, error: 'is not an http(s) address' }),
  region: z.string().min(1).default('us-east-1'),
  bucket: z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'is not a bucket name'),
  accessKeyId: z.string().min(1),
  secretAccessKey: z.string().min(1),
  checksums: z.enum(['WHEN_REQUIRED', 'WHEN_SUPPORTED']).default('WHEN_REQUIRED'),
  connectTimeoutMs: z.int().min(1).default(3_000),
  idleTimeoutMs: z.int().min(1).default(30_000),
  maxSockets: z.int().min(1).default(64),
  attempts: z.int().min(1).default(2),
})

export interface ObjectStoreOptions {
  /** `http(s)://HOST[:PORT]`; buckets are addressed by path. */
  endpoint: string
  /** @default 'us-east-1' */
  region?: string | undefined
  bucket: string
  accessKeyId: string
  secretAccessKey: string
  /** Whether requests carry, and answers are checked by, S3's additional checksums. @default 'WHEN_REQUIRED' */
  checksums?: 'WHEN_REQUIRED' | 'WHEN_SUPPORTED' | undefined
  /** Milliseconds until a connection stands. @default 3000 */
  connectTimeoutMs?: number | undefined
  /** Milliseconds without a byte. @default 30000 */
  idleTimeoutMs?: number | undefined
  /** @default 64 */
  maxSockets?: number | undefined
  /** How often a request is sent before it fails; conditional puts are sent once. @default 2 */
  attempts?: number | undefined
}

/** Throws `INVALID_INPUT`, naming the fields and never their values. */
export function checkOptions(options: ObjectStoreOptions): z.output<typeof ObjectStoreOptionsSchema> {
  const parsed = ObjectStoreOptionsSchema.safeParse(options)
  if (parsed.success) return parsed.data
  throw new EdgeloopError('INVALID_INPUT', z.prettifyError(parsed.error), { where: 'object store options' })
}
