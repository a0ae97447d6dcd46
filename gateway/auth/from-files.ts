import { EdgeloopError } from '../../lib/errors/index.ts'
import { readSecretFile } from '../../lib/secret-file/index.ts'
import { type Authenticator, createAuthenticator } from './credentials.ts'

/**
 * Reads `basic-auth-user`, `basic-auth-password` and `edge-token`.
 *
 * @param directory absent where nobody is asked who they are
 * @throws EdgeloopError MISCONFIGURED when user or password is missing: a gateway must not be open by mistake
 */
export function authenticatorFrom(directory: string | undefined): Authenticator {
  if (directory === undefined) return createAuthenticator()
  const required = (name: string) => {
    const found = readSecretFile(directory, name)
    if (found !== undefined) return found
    throw new EdgeloopError('MISCONFIGURED', `the secret ${name} is missing`, {
      where: directory,
      hint: 'write it there, as faas-cli login will send it',
    })
  }
  const credentials = { user: required('basic-auth-user'), password: required('basic-auth-password') }
  return createAuthenticator(credentials, readSecretFile(directory, 'edge-token'))
}
