import { methodName } from './metadata-response.ts'
import type { Servable, Signature } from './servable.ts'
import { invalidArgument } from './serving-error.ts'

const DEFAULT = 'serving_default'

/** How errors call what each method wants. */
const KIND = { predict: 'prediction', classify: 'classification', regress: 'regression' } as const

/**
 * The signature of that name, or the default one for the empty name.
 * @throws ServingError INVALID_ARGUMENT where there is none, or one for another method
 */
export function findSignature<M extends Signature['method']>(
  { signatures }: Servable,
  name: string,
  method: M
): Extract<Signature, { method: M }> {
  const wanted = name || DEFAULT
  const signature = Object.hasOwn(signatures, wanted) ? signatures[wanted] : undefined
  if (!signature) {
    throw invalidArgument(
      method === 'predict'
        ? `Serving signature name: "${wanted}" not found in signature def`
        : `No signature was found with the name: ${wanted}`
    )
  }
  if (signature.method !== method) {
    throw invalidArgument(
      `Expected ${KIND[method]} signature method_name to be ${methodName(method)}. Was: ${methodName(signature.method)}`
    )
  }
  return signature as Extract<Signature, { method: M }>
}
