/**
 * Secrets that a program finds in files: one each, named as the secret is.
 * @module
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { EdgeloopError } from '../errors/index.ts'

/**
 * Reads a secret once, when a program starts: the file may vanish under a running pod. Undefined when there is none.
 * @throws EdgeloopError MISCONFIGURED when it is there and cannot be read, or is empty
 */
export function readSecretFile(directory: string, name: string): string | undefined {
  const where = join(directory, name)
  let text: string
  try {
    text = readFileSync(where, 'utf8').trim()
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new EdgeloopError('MISCONFIGURED', `the secret ${name} cannot be read`, { where, cause })
  }
  if (text === '') throw new EdgeloopError('MISCONFIGURED', `the secret ${name} is empty`, { where })
  return text
}
