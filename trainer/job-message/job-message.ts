import { z } from 'zod'

/**
 * What a training job says on its standard output, a JSON line each. The last one, how it ended, also goes to the file
 * that its environment names.
 */
const jobMessage = z.union([
  z.object({ stage: z.string(), done: z.number().min(0).max(1) }),
  z.object({ version: z.number().int().positive() }),
  z.object({ error: z.object({ error: z.string(), code: z.string() }) }),
])

export type JobMessage = z.infer<typeof jobMessage>

/** Undefined for anything else that a job writes. */
export function readJobMessage(line: string): JobMessage | undefined {
  try {
    return jobMessage.parse(JSON.parse(line))
  } catch {
    return undefined
  }
}
