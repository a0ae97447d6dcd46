import { z } from '@hono/zod-openapi'
import { EdgeloopError } from '../../lib/errors/index.ts'
import { writeNdjson } from '../../lib/ndjson/index.ts'
import type { LogQuery, Provider } from '../provider.ts'
import { isYes, optionalNamespace } from './functions.ts'
import { checked } from './input.ts'
import { functionName } from './names.ts'
import { route, type SystemApp } from './route.ts'
import { logLine } from './schemas.ts'

const query = z.object({
  name: functionName,
  namespace: optionalNamespace,
  instance: z.string().optional(),
  tail: z
    .string()
    .regex(/^-?\d{1,9}$/, 'a number of lines')
    .optional()
    .openapi({ description: 'So many lines of each instance; all of them for 0 and less.' }),
  follow: z.string().optional(),
  since: z.iso.datetime({ offset: true, error: 'a time such as 2026-01-02T03:04:05Z' }).optional(),
})

/** NDJSON: each line goes out as soon as it comes, and it ends when the client leaves. */
export function logRoutes(app: SystemApp, provider: Provider): void {
  route(
    app,
    {
      method: 'get',
      path: '/system/logs',
      summary: 'What a function has written',
      query,
      answers: {
        200: {
          description: 'One object a line, oldest first; with `follow=true` until the client leaves.',
          type: 'application/x-ndjson',
          body: logLine,
        },
      },
    },
    async (c) => {
      const asked = checked(query, c.req.query(), 'query')
      const { name, namespace } = asked
      if (!(await provider.get(name, namespace)))
        throw new EdgeloopError('NOT_FOUND', `there is no function "${name}"`, { where: name })
      const leaving = new AbortController()
      c.req.raw.signal.addEventListener('abort', () => leaving.abort(), { once: true })
      const lines = provider.logs(queryOf(asked), leaving.signal)
      return c.body(writeNdjson(lines, leaving), 200, { 'Content-Type': 'application/x-ndjson' })
    }
  )
}

function queryOf({ name, namespace, instance, tail, follow, since }: z.output<typeof query>): LogQuery {
  const lines = Number(tail ?? 0)
  return {
    name,
    namespace,
    instance: instance || undefined,
    tail: lines > 0 ? lines : undefined,
    since: since === undefined ? undefined : new Date(since),
    follow: isYes(follow),
  }
}
