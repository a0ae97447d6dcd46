import { type Context, Hono } from 'hono'
import { asEdgeloopError, EdgeloopError } from '../../lib/errors/index.ts'
import { createLabelRoutes } from '../../lib/label-routes/index.ts'
import type { LabelQueue } from '../../lib/labelling/index.ts'
import { createLabelPage } from './page.ts'

const API = '/label/api'

/**
 * `GET /label`: the page on which people label photos, and under `/label/api` the queue that it asks. Errors are EdgeloopError
 * JSON.
 *
 * @param mayLabel whether a request comes from somebody who may label; anybody else gets a 401, photos included
 */
export function createLabelDoor(queue: LabelQueue, mayLabel: (context: Context) => boolean): Hono {
  const app = new Hono()
  app.onError((thrown, context) => {
    const error = asEdgeloopError(thrown)
    return context.json(error.toJSON(), error.status)
  })
  app.use(`${API}/*`, async (context, next) => {
    if (!mayLabel(context))
      throw new EdgeloopError('UNAUTHENTICATED', 'only people of this site label its photos', {
        where: context.req.path.slice(0, 100),
        hint: 'send the edge token, as Authorization: Bearer TOKEN',
      })
    await next()
  })
  app.route('/', createLabelRoutes(queue, { prefix: API }))
  app.route('/', createLabelPage())
  return app
}
