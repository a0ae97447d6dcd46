import type { CallQueue } from '../async/index.ts'
import type { Authenticator } from '../auth/index.ts'
import type { Provider } from '../provider.ts'
import { asyncRoutes } from './async.ts'
import { functionRoutes } from './functions.ts'
import { guarded } from './guard.ts'
import { infoRoute } from './info.ts'
import { logRoutes } from './logs.ts'
import { namespaceRoutes } from './namespaces.ts'
import { placeRoutes } from './places.ts'
import type { SystemApp } from './route.ts'
import { secretRoutes } from './secrets.ts'

export interface SystemOptions {
  provider: Provider
  authenticator: Authenticator
  /** Where asynchronous calls wait, if they are taken. */
  callQueue?: CallQueue
  /** Told when a function may have been deployed or removed. */
  onChange(): void
}

export function systemRoutes(app: SystemApp, options: SystemOptions): void {
  const { provider, authenticator, callQueue, onChange } = options
  app.use('/system/*', guarded(authenticator))
  functionRoutes(app, provider, onChange)
  namespaceRoutes(app, provider, onChange)
  secretRoutes(app, provider)
  logRoutes(app, provider)
  placeRoutes(app, provider)
  infoRoute(app, provider)
  if (callQueue) asyncRoutes(app, callQueue)
}
