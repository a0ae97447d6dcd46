import { EdgeloopError } from '../../lib/errors/index.ts'
import type { Authenticator } from '../auth/index.ts'
import type { Openness } from './protection.ts'
import type { Target } from './target.ts'

/**
 * Lets a request for a function in. Most functions are open, as in OpenFaaS: `faas-cli invoke` sends no credentials.
 *
 * @throws EdgeloopError UNAUTHENTICATED
 */
export function admit(
  { name }: Target,
  openness: Openness,
  authorization: string | undefined,
  authenticator: Authenticator
): void {
  if (openness !== 'protected' || authenticator.isUser(authorization)) return
  throw new EdgeloopError('UNAUTHENTICATED', `${name} asks for the gateway's credentials`, {
    where: 'Authorization',
    hint: 'send user and password as Basic authentication, as faas-cli login does',
  })
}
