import { createMiddleware } from 'hono/factory'
import { EdgeloopError } from '../../lib/errors/index.ts'
import type { Authenticator } from '../auth/index.ts'

/** Whoever may do everything; agents may ask what runs at a place. */
export const guarded = ({ isUser, isEdge }: Authenticator) =>
  createMiddleware(async (c, next) => {
    const authorization = c.req.header('authorization')
    const forEdges = c.req.method === 'GET' && c.req.path.startsWith('/system/places/')
    if (!(forEdges ? isEdge(authorization) : isUser(authorization)))
      throw new EdgeloopError('UNAUTHENTICATED', 'credentials are missing or wrong', {
        where: 'Authorization',
        hint: 'log in with faas-cli login',
      })
    await next()
  })
