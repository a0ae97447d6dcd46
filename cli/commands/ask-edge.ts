import type { z } from 'zod'
import { type Heartbeat, heartbeat } from '../../lib/edge-status/index.ts'
import type { RunningPlatform } from '../../platform/index.ts'

const TIMEOUT_MS = 3000

/** An edge of a running platform, with what its agent says, or why it says nothing. */
export type EdgeAnswer = RunningPlatform['edges'][number] &
  ({ status: Heartbeat; why: null } | { status: null; why: string })

/** Asks an edge's agent how it is doing. */
export async function askEdge(edge: RunningPlatform['edges'][number]): Promise<EdgeAnswer> {
  const { value, why } = await fetchJson(new URL('/status', edge.gateway), heartbeat)
  return value ? { ...edge, status: value, why: null } : { ...edge, status: null, why: why! }
}

/** What an address answers; undefined and the reason when it does not. */
export async function fetchJson<T>(
  url: URL,
  schema: z.ZodType<T>,
  as: 'json' | 'text' = 'json'
): Promise<{ value?: T; why?: string }> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) })
    if (!response.ok) return { why: `it answers ${response.status}` }
    return { value: schema.parse(await response[as]()) }
  } catch (error) {
    const late = (error as Error).name === 'TimeoutError'
    return { why: late ? `no answer within ${TIMEOUT_MS / 1000} s` : 'it does not answer' }
  }
}
