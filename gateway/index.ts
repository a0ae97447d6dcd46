/**
 * The OpenFaaS-compatible gateway: one Hono app over one Provider interface.
 * @module
 */
export { createGateway } from './app.ts'
export { openCallQueue } from './async/index.ts'
export { authenticatorFrom, createEdgeAuthenticator } from './auth/index.ts'
export { createInvocations } from './invocations/index.ts'
export { type Node, type Profile, readProfiles } from './placement/index.ts'
export {
  DEFAULT_NAMESPACE,
  type FunctionStatus,
  type LogLine,
  type LogQuery,
  type PlacedFunction,
  type Provider,
} from './provider.ts'
export { createEdgeProvider, type EdgeProviderOptions } from './providers/edge/edge.ts'
export { createLocalProvider, type LocalProviderOptions } from './providers/local/local.ts'
export { localReach } from './providers/local/local-reach.ts'
export type { ListedFunction, PlacedProvider, Reach } from './providers/placed/index.ts'
export { createRemoteProvider, type RemoteProviderOptions } from './providers/remote/remote.ts'
export { announcing, createRelayDoor, createRelays, LOGS_PATH, logQuery, type Relays } from './relay/index.ts'
