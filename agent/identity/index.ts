/**
 * What tells an agent from another one of the same name.
 * @module
 */
export { openIdentity } from './identity.ts'
