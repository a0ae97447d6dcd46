import type { z } from 'zod'
import { EdgeloopError } from '../errors/index.ts'
import type { Environment } from './app.ts'

/**
 * What a handler derives from its environment (settings, clients), made once for each environment: in a container
 * there is one for the life of the process, in the local platform one for each deployment.
 */
export function perEnvironment<T>(create: (environment: Environment) => T): {
  (environment: Environment): T
  /** Takes out what was made for an environment, for whoever has to close it. */
  release(environment: Environment): T | undefined
} {
  const made = new WeakMap<Environment, T>()
  const get = (environment: Environment): T => {
    let value = made.get(environment)
    if (value === undefined) {
      value = create(environment)
      made.set(environment, value)
    }
    return value
  }
  const release = (environment: Environment): T | undefined => {
    const value = made.get(environment)
    made.delete(environment)
    return value
  }
  return Object.assign(get, { release })
}

/**
 * Reads settings from an environment. An empty variable counts as absent, as it does in a shell's `${NAME:-default}`.
 *
 * @throws EdgeloopError MISCONFIGURED naming the variable
 */
export function readSettings<S extends z.ZodObject>(schema: S, environment: Environment): z.infer<S> {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''))
  const parsed = schema.safeParse(given)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]!
  throw new EdgeloopError('MISCONFIGURED', `environment variable ${issue.path.join('.')}: ${issue.message}`, {
    where: issue.path.join('.'),
    hint: 'set it under "environment" of the function in stack.yml',
  })
}
