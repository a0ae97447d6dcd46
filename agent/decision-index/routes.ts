import { Hono } from 'hono'
import { asEdgeloopError, EdgeloopError } from '../../lib/errors/index.ts'
import type { DecisionIndex } from './types.ts'

/** `GET /decisions/PHOTO`: what this edge decided about a photo, and why. Errors are EdgeloopError JSON. */
export function createDecisionRoutes(decisions: DecisionIndex): Hono {
  const app = new Hono()
  app.onError((thrown, context) => {
    const error = asEdgeloopError(thrown)
    return context.json(error.toJSON(), error.status)
  })
  app.get('/decisions/:photo', (context) => {
    const photo = context.req.param('photo')
    const decision = decisions.firstDecision(photo)
    if (!decision)
      throw new EdgeloopError('NOT_FOUND', 'nothing has been decided about this photo here', {
        where: photo,
        hint: 'name it by the SHA-256 of its bytes; it may still be on its way',
      })
    const { features: _features, ...told } = decision
    return context.json(told)
  })
  return app
}
