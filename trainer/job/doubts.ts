import type { Doubt, SnapshotItem } from '../../lib/dataset/index.ts'

/** A label less probable than this is doubted: of such labels fewer than one in ten is right. */
const IMPROBABLE = 0.1

/**
 * The labels that people gave and models that did not see the photo find improbable. Not those of seeds, which came from
 * elsewhere and which nobody is asked about, nor pseudo-labels, which say what the model says.
 *
 * @param outOfFold the probability of the given label, by photo
 */
export function findDoubts(items: readonly SnapshotItem[], outOfFold: ReadonlyMap<string, number>): Doubt[] {
  return items.flatMap(({ photo, label, origin }) => {
    const probability = outOfFold.get(photo)
    const given = origin === 'person' || origin === 'audit'
    return given && probability !== undefined && probability < IMPROBABLE
      ? [{ photo, label, probability }]
      : []
  })
}
