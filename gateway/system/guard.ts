import { bodyLimit } from 'hono/body-limit'
import { createMiddleware } from 'hono/factory'
import { EdgeloopError } from '../../lib/errors/index.ts'
import type { Authenticator } from '../auth/index.ts'

/** Room for a secret of 1 MiB in base64, twice: faas-cli sends one from a file in both forms. */
const MAX_BODY = 4 * 2 ** 20

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

export const bounded = bodyLimit({
  maxSize: MAX_BODY,
  onError() {
    throw new EdgeloopError('TOO_LARGE', `the body is larger than ${MAX_BODY / 2 ** 20} MiB`, {
      where: 'body',
    })
  },
})
