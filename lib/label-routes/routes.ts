import { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import about from '../../package.json' with { type: 'json' }
import { EdgeloopError } from '../errors/index.ts'
import type { LabelQueue } from '../labelling/index.ts'
import { describeRoutes } from './descriptions.ts'
import { answerError, limited, malformed, saidToBeJson } from './refusals.ts'

export interface LabelRoutesOptions {
  /** What all paths begin with. */
  prefix: `/${string}`
  /** Who a request comes from, where the server knows: then nobody can answer in another one's name. */
  who?: (c: Context) => string | undefined
}

/**
 * A label queue over HTTP: `POST PREFIX/claim`, `/answer`, `/skip` and `/undo`, `GET PREFIX/photos/PHOTO` and `/state`,
 * and `/openapi.json`, which describes them. Errors are EdgeloopError JSON. Nobody is asked for credentials here:
 * whoever mounts it asks for them.
 *
 * @example
 * app.route('/', createLabelRoutes(queue, { prefix: '/api/labels' }))
 */
export function createLabelRoutes(queue: LabelQueue, options: LabelRoutesOptions): OpenAPIHono {
  const { prefix, who = () => undefined } = options
  const routes = describeRoutes(prefix)
  const app = new OpenAPIHono({
    defaultHook(result) {
      if (!result.success) throw malformed(result.error)
    },
  })
  app.onError(answerError)
  app.use(`${prefix}/*`, saidToBeJson, limited)

  /** @param given what the request says; the server knows better */
  function person(c: Context, given: string | undefined): string {
    const by = who(c) ?? given
    if (by !== undefined) return by
    throw new EdgeloopError('INVALID_INPUT', 'it is not said who answers', {
      where: 'by',
      hint: 'send a name, as in {"by": "ana"}',
    })
  }

  app.openapi(routes.claim, async (c) => {
    const { by, count } = c.req.valid('json')
    return c.json({ questions: await queue.claim(person(c, by), { count }) }, 200)
  })

  app.openapi(routes.answer, async (c) => {
    const { by, ...given } = c.req.valid('json')
    return c.json(await queue.answer({ ...given, by: person(c, by) }), 200)
  })

  app.openapi(routes.skip, async (c) => {
    const { photo, by } = c.req.valid('json')
    await queue.skip(photo, person(c, by))
    return c.json({}, 200)
  })

  app.openapi(routes.undo, async (c) => {
    const { by } = c.req.valid('json')
    return c.json({ photo: (await queue.undo(person(c, by))) ?? null }, 200)
  })

  app.openapi(routes.photo, async (c) => {
    const { photo } = c.req.valid('param')
    const etag = `"${photo}"`
    const headers = { 'Cache-Control': 'private, max-age=31536000, immutable', ETag: etag }
    if (c.req.header('If-None-Match') === etag) return c.body(null, 304, headers)
    const found = await queue.photo(photo)
    if (!found)
      throw new EdgeloopError('NOT_FOUND', `photo ${photo.slice(0, 12)} is not within reach`, {
        where: c.req.path,
        hint: 'it may be at its edge only: people label there, or skip it',
      })
    return c.body(Uint8Array.from(found.bytes), 200, {
      ...headers,
      'Content-Type': found.mediaType,
      'X-Content-Type-Options': 'nosniff',
    })
  })

  app.openapi(routes.state, async (c) => c.json(await queue.state(), 200))

  app.doc31(`${prefix}/openapi.json`, {
    openapi: '3.1.0',
    info: { title: 'Edgeloop label queue', version: about.version },
  })
  return app
}
