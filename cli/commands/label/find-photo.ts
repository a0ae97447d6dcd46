import { sampleStore } from '../../../lib/dataset/index.ts'
import { EdgeloopError } from '../../../lib/errors/index.ts'
import type { Connection } from '../connection.ts'

/** Fewer digits of a hash name too many photos. */
const FEWEST_DIGITS = 6

/**
 * @param given the photo's hash, or its first digits
 * @throws EdgeloopError NOT_FOUND where none or several begin so, INVALID_INPUT for what is no hash
 */
export async function findPhoto({ platform, store }: Connection, given: string): Promise<string> {
  if (!/^[0-9a-f]{6,64}$/.test(given))
    throw new EdgeloopError('INVALID_INPUT', `"${given}" is no photo's hash`, {
      where: 'PHOTO',
      hint: `give at least ${FEWEST_DIGITS} digits of one that edgeloop label --list shows`,
    })
  const photos = await sampleStore(store, platform.dataset).list()
  const found = photos.filter((photo) => photo.startsWith(given))
  if (found.length === 1) return found[0]!
  throw new EdgeloopError(
    'NOT_FOUND',
    found.length === 0 ? `no sample begins with ${given}` : `${found.length} samples begin with ${given}`,
    { where: 'PHOTO', hint: 'edgeloop label --list shows the photos that wait' }
  )
}
