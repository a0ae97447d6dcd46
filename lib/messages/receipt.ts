import { z } from 'zod'
import { readJson } from './read-json.ts'

/** SHA-256 in hex. */
export const photoHashSchema = z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 in lower-case hex')

/** The photo is on the edge's disk. */
const storedSchema = z.object({
  photo: photoHashSchema,
  /** The edge's own number for it; order is by these, never by clocks. */
  sequence: z.int().nonnegative(),
})

/** The photo is not on the edge's disk. */
const refusedSchema = z.object({
  photo: photoHashSchema,
  error: z.string(),
  /** An error code of `lib/errors`; of a later version, perhaps, so any text. */
  code: z.string(),
})

/** What the agent publishes to `receipts/DEVICE` for each photo that it gets. */
export const receiptSchema = z.union([storedSchema, refusedSchema])

export type StoredReceipt = z.infer<typeof storedSchema>
export type RefusedReceipt = z.infer<typeof refusedSchema>
export type Receipt = z.infer<typeof receiptSchema>

/** @throws EdgeloopError INVALID_INPUT */
export const readReceipt = (payload: Uint8Array): Receipt => readJson(receiptSchema, payload, 'receipt')

/** With these codes the same bytes will be refused for ever; with any other, sending them again may help. */
const FINAL = ['INVALID_INPUT', 'TOO_LARGE', 'UNSUPPORTED_MEDIA', 'UNPROCESSABLE'] as const

/** Whether a photo was refused for good, so that the device need not keep it. */
export function isRefusedForGood(
  receipt: Receipt
): receipt is RefusedReceipt & { code: (typeof FINAL)[number] } {
  return 'error' in receipt && FINAL.some((code) => code === receipt.code)
}
