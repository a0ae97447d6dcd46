/**
 * Invocations: a request for a function, on its way there and back.
 * @module
 */
export {
  createInvocations,
  type GatewayApp,
  type InvocationOptions,
  type Invocations,
  type Shortcut,
} from './invocations.ts'
export { readTarget } from './target.ts'
