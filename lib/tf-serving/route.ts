import { decodeArgument } from './decode-argument.ts'
import { invalidArgument } from './serving-error.ts'

/** Which version of a model: a number, a label, or neither for the one that serves now. */
export interface VersionChoice {
  /** Up to 2^63 - 1. */
  version?: bigint
  label?: string
}

export type Route = VersionChoice & { model: string } & {
  call: 'classify' | 'regress' | 'predict' | 'metadata' | 'status'
}

const POST =
  /^\/v1\/models\/([^/:]+)(?:(?:\/versions\/(\d+))|(?:\/labels\/([^/:]+)))?:(classify|regress|predict)$/i
const GET = /^\/v1\/models(?:\/([^/:]+))?(?:(?:\/versions\/(\d+))|(?:\/labels\/([^/:]+)))?(?:\/(metadata))?$/i

/**
 * Reads what is asked of which model. Paths are matched whatever their case, but as in TensorFlow Serving a method in other
 * letters is none, and `/METADATA` asks for the status.
 *
 * @param path as it came: escapes and all, without a query
 * @throws ServingError INVALID_ARGUMENT for any other method or path
 */
export function readRoute(method: string, path: string): Route {
  const match = method === 'POST' ? POST.exec(path) : method === 'GET' ? GET.exec(path) : null
  if (!match) throw malformed(method, path)
  const [, model = '', version, label, last] = match
  const choice = {
    model: decodeArgument(model),
    version: version === undefined ? undefined : readVersion(version),
    label: label === undefined ? undefined : decodeArgument(label),
  }
  if (method === 'GET') {
    if (model === '') throw invalidArgument('Missing model name in request.')
    return { ...choice, call: last === 'metadata' ? 'metadata' : 'status' }
  }
  if (last !== 'classify' && last !== 'regress' && last !== 'predict') throw malformed(method, path)
  return { ...choice, call: last }
}

function malformed(method: string, path: string) {
  return invalidArgument(`Malformed request: ${method} ${path}`)
}

function readVersion(digits: string): bigint {
  const version = digits.length > 40 ? undefined : BigInt(digits)
  if (version === undefined || version > 2n ** 63n - 1n) {
    throw invalidArgument(`Failed to convert version: ${digits} to numeric.`)
  }
  return version
}
