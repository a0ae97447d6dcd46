/**
 * The OpenFaaS-compatible gateway: one Hono app over one Provider interface.
 * @module
 */
export { createGateway } from './app.ts'
export { type Node, type Profile, readProfiles } from './placement/index.ts'
export type { FunctionStatus, Provider } from './provider.ts'
export { createLocalProvider, type LocalProviderOptions } from './providers/local/local.ts'
