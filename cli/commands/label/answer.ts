import { labelQueue, sampleStore } from '../../../lib/dataset/index.ts'
import { EdgeloopError } from '../../../lib/errors/index.ts'
import { knownLabels } from '../../labelling/index.ts'
import { userName } from '../../user.ts'
import type { Connection } from '../connection.ts'

/** Fewer digits of a hash name too many photos. */
const FEWEST_DIGITS = 6

/**
 * Records one answer.
 *
 * @param given the photo's hash, or its first digits
 * @param isNew whether the label is meant to be one that there is not yet: otherwise it is taken for a slip
 * @throws EdgeloopError NOT_FOUND, or INVALID_INPUT with what to write instead
 */
export async function answerOne(
  { platform, store, publish }: Connection,
  given: string,
  label: string,
  isNew: boolean
) {
  const { dataset, model } = platform
  const samples = sampleStore(store, dataset)
  const photo = await findPhoto(await samples.list(), given)
  const labels = await knownLabels(store, dataset, model)()
  if (!isNew && !labels.includes(label))
    throw new EdgeloopError('INVALID_INPUT', `no photo has been labelled "${label}" so far`, {
      where: 'LABEL',
      hint: `labels are ${labels.join(', ') || 'none yet'}; for another one, add --new`,
    })
  const before = await samples.getLabel(photo)
  const by = userName()
  await labelQueue(store, dataset, publish).answer({ photo, label, by })
  return { photo, label, by, before: before?.label ?? null }
}

async function findPhoto(photos: readonly string[], given: string): Promise<string> {
  if (!/^[0-9a-f]{6,64}$/.test(given))
    throw new EdgeloopError('INVALID_INPUT', `"${given}" is no photo's hash`, {
      where: 'PHOTO',
      hint: `give at least ${FEWEST_DIGITS} digits of one that edgeloop label --list shows`,
    })
  const found = photos.filter((photo) => photo.startsWith(given))
  if (found.length === 1) return found[0]!
  throw new EdgeloopError(
    'NOT_FOUND',
    found.length === 0 ? `no sample begins with ${given}` : `${found.length} samples begin with ${given}`,
    { where: 'PHOTO', hint: 'edgeloop label --list shows the photos that wait' }
  )
}

export function describeAnswer({ photo, label, by, before }: Awaited<ReturnType<typeof answerOne>>): string {
  const instead = before !== null && before !== label ? ` instead of ${before}` : ''
  return `${photo.slice(0, 12)} is labelled ${label}${instead} (by ${by}); the next training learns from it.`
}
