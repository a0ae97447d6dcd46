/**
 * The OpenFaaS-compatible gateway: one Hono app over one Provider interface.
 * @module
 */
export { createGateway } from './app.ts'
export { type Node, type Profile, readProfiles } from './placement/index.ts'
export { DEFAULT_NAMESPACE, type FunctionStatus, type PlacedFunction, type Provider } from './provider.ts'
export { createLocalProvider, type LocalProviderOptions } from './providers/local/local.ts'
export { announcing, createRelayDoor, createRelays, type Relays } from './relay/index.ts'
