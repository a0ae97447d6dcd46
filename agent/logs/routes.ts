import { Hono } from 'hono'
import { z } from 'zod'
import { LOGS_PATH, type LogLine, type LogQuery, logQuery } from '../../gateway/index.ts'
import { asEdgeloopError, EdgeloopError } from '../../lib/errors/index.ts'
import { writeNdjson } from '../../lib/ndjson/index.ts'

/** Lines of this node's functions, the oldest first; goes on with `follow` until the signal fires. */
export type LogSource = (query: LogQuery, signal: AbortSignal) => AsyncIterable<LogLine>

/** `GET /logs`, as the cloud's gateway asks it: NDJSON. */
export function createLogRoutes(source: LogSource): Hono {
  const app = new Hono()
  app.onError((thrown, c) => {
    const error = asEdgeloopError(thrown)
    return c.json(error.toJSON(), error.status)
  })
  app.get(LOGS_PATH, (c) => {
    const asked = logQuery.safeParse(c.req.query())
    if (!asked.success)
      throw new EdgeloopError('INVALID_INPUT', z.prettifyError(asked.error), { where: 'query' })
    const leaving = new AbortController()
    c.req.raw.signal.addEventListener('abort', () => leaving.abort(), { once: true })
    const lines = source(asked.data, leaving.signal)
    return c.body(writeNdjson(lines, leaving), 200, { 'Content-Type': 'application/x-ndjson' })
  })
  return app
}
