/**
 * Who may do what: Basic as `faas-cli login` speaks it, and a bearer token for agents.
 * @module
 */
export {
  type Authenticator,
  type Credentials,
  createAuthenticator,
  createEdgeAuthenticator,
} from './credentials.ts'
export { authenticatorFrom } from './from-files.ts'
