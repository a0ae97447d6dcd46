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
    if (!response.bodyUsed) await readAway(response)
    return { follower }
  }
  const text = (await response.text()).slice(0, 2000)
  const why = `${response.status}: ${text}`
  if (TERMINAL.has(response.status)) return { refused: why }
  return { failed: why, retryAfterMs: retryAfter(response.headers.get('retry-after')) }
}

/** So much of an answer that nobody asked for is read to its end: its connection can be used again then. */
const READ_AWAY_BYTES = 65_536

async function readAway({ body }: Response): Promise<void> {
  let bytes = 0
  for await (const chunk of body ?? []) {
    bytes += chunk.length
    // Leaving cancels the rest, and costs the connection.
    if (bytes > READ_AWAY_BYTES) return
  }
}

/** Seconds or an HTTP date, as milliseconds from now. */
function retryAfter(value: string | null): number | undefined {
  if (value === null) return undefined
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now()
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined
}
