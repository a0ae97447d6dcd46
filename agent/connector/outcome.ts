import { type EdgeloopEvent, readEventResponse } from '../../lib/events/index.ts'

/** What a function's answer means for the event that invoked it. */
export type Answer =
  /** Done; `follower` is the event that it answered with. */
  | { follower: EdgeloopEvent | undefined }
  /** It will never accept this event. */
  | { refused: string }
  /** Not now. */
  | { failed: string; retryAfterMs?: number }

/** The function itself says that sending this again cannot help. Anything else is tried again. */
const TERMINAL = new Set([400, 413, 415, 422])

/** Reads a function's answer; the body is consumed. */
export async function readAnswer(response: Response): Promise<Answer> {
  if (response.ok) {
    const follower = await readEventResponse(response)
    // What is not read keeps its connection.
    if (!response.bodyUsed) await response.body?.cancel()
    return { follower }
  }
  const text = (await response.text()).slice(0, 2000)
  const why = `${response.status}: ${text}`
  if (TERMINAL.has(response.status)) return { refused: why }
  return { failed: why, retryAfterMs: retryAfter(response.headers.get('retry-after')) }
}

/** Seconds or an HTTP date, as milliseconds from now. */
function retryAfter(value: string | null): number | undefined {
  if (value === null) return undefined
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now()
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined
}
