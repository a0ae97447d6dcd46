import { EdgeloopError } from '../../lib/errors/index.ts'
import type { Sample } from '../../lib/events/index.ts'

/** The features as they are stored: float16, little-endian. */
export function readFeatures(features: Sample['features']): Uint8Array | null {
  if (!features) return null
  const values = Buffer.from(features.values, 'base64')
  if (values.length === 0 || values.length % 2 !== 0)
    throw new EdgeloopError('INVALID_INPUT', `features of ${values.length} bytes are not float16 numbers`, {
      where: 'data.features.values',
      hint: 'send float16 numbers, little-endian, in base64',
    })
  return values
}
