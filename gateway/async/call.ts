import { z } from 'zod'

const headers = z.array(z.tuple([z.string(), z.string()]))
/** A file of the body store; null where there is no body. */
const body = z.object({ file: z.string(), size: z.number().int().min(0) }).nullable()

/** A request for a function, as it is kept until the function has answered. */
export const call = z.object({
  name: z.string(),
  namespace: z.string(),
  /** Path and query, as the function sees them. */
  path: z.string(),
  method: z.string(),
  headers,
  body,
  callId: z.string(),
  /** Where the answer goes. */
  callback: z.string().optional(),
})
export type Call = z.infer<typeof call>

/** A function's answer on its way to whoever asked for it. */
export const callback = z.object({
  url: z.string(),
  headers,
  body,
  callId: z.string(),
})
export type Callback = z.infer<typeof callback>
