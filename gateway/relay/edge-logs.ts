import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { asEdgeloopError, EdgeloopError } from '../../lib/errors/index.ts'
import { readNdjson } from '../../lib/ndjson/index.ts'
import type { LogLine, LogQuery } from '../provider.ts'

/** Where an agent says what its node's functions have written; only over its line. */
export const LOGS_PATH = '/logs'

const logLine = z.object({
  name: z.string(),
  namespace: z.string(),
  instance: z.string(),
  timestamp: z.string(),
  text: z.string(),
})

/** A query of LOGS_PATH, as `logSearch` writes it. */
export const logQuery = z.object({
  name: z.string(),
  namespace: z.string().optional(),
  instance: z.string().optional(),
  tail: z.coerce.number().int().min(0).optional(),
  since: z.coerce.date().optional(),
  follow: z.literal('true').optional().transform(Boolean),
})

function logSearch({ name, namespace, instance, tail, since, follow }: LogQuery): string {
  const given = { name, namespace, instance, tail, since: since?.toISOString(), follow: follow || undefined }
  const pairs = Object.entries(given).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, String(value)]]
  )
  return new URLSearchParams(pairs).toString()
}

export interface EdgeLogOptions {
  edge: string
  query: LogQuery
  signal: AbortSignal
  /** Asks the edge's agent. */
  ask(path: string, request: Request): Promise<Response>
}

/** How soon an edge is asked again whose line broke, in milliseconds. */
const PAUSE_MS = 1000

/**
 * What functions at an edge have written. One that is out of reach says so in one line, and with `follow` goes on where it
 * was when it is back.
 */
export async function* edgeLog({ edge, query, signal, ask }: EdgeLogOptions): AsyncGenerator<LogLine> {
  let { since, tail } = query
  let last = ''
  let said = ''
  do {
    const before = last
    try {
      const path = `${LOGS_PATH}?${logSearch({ ...query, since, tail })}`
      const response = await ask(path, new Request(`http://${edge}/`, { signal }))
      if (!response.ok)
        throw new EdgeloopError(
          'UNAVAILABLE',
          `${edge} answered ${response.status}: ${await response.text()}`
        )
      if (response.body)
        for await (const line of readNdjson(response.body, logLine)) {
          // What was passed on before the line broke. Others of that very moment are lost; several of a moment are not.
          if (line.timestamp <= before) continue
          last = line.timestamp
          said = ''
          yield line
        }
    } catch (thrown) {
      if (signal.aborted) return
      const { message } = asEdgeloopError(thrown)
      if (message !== said) yield notice(edge, query, message)
      said = message
    }
    if (!query.follow) return
    if (last) {
      since = new Date(last)
      tail = undefined
    }
    await sleep(PAUSE_MS, undefined, { signal }).catch(() => {})
  } while (!signal.aborted)
}

function notice(edge: string, { name, namespace = '', instance }: LogQuery, why: string): LogLine {
  const text = `what ${name} has written at ${edge} cannot be had now: ${why}`
  return {
    name,
    namespace,
    instance: instance ?? `${name}-${edge}`,
    timestamp: new Date().toISOString(),
    text,
  }
}
