import type { LabelQueue } from '../../labelling/index.ts'
import { sniffMediaType } from '../../photo/index.ts'
import { createAnswering } from './answering.ts'
import { createAsking } from './asking.ts'
import { type LabelQueueOptions, openParts } from './parts.ts'
import { stateOf } from './state.ts'
import type { Asked } from './view.ts'

/** A label queue of which all that waits can be seen. */
export interface DatasetLabelQueue extends LabelQueue {
  /** Photos that wait and that nobody has: what measures, then second opinions, then the least certain. */
  waiting(): Promise<Asked[]>
}

/**
 * The label queue of a dataset, in the bucket. Each step is a write that happens or does not, in such an order that any
 * process may end between any two of them: what is left is a claim that expires, or a label on offer that no photo has.
 */
export function labelQueue(options: LabelQueueOptions): DatasetLabelQueue {
  const parts = openParts(options)
  const { samples, claims, watch, photoFrom } = parts
  const { claim, waiting, isInReach, isHeld } = createAsking(parts)

  async function bytesElsewhere(photo: string): Promise<Uint8Array | undefined> {
    const sample = photoFrom && (await samples.get(photo))
    return sample && photoFrom(sample)
  }

  return {
    claim,
    waiting,
    ...createAnswering(parts),

    async photo(photo) {
      const bytes = (await samples.getPhoto(photo))?.body ?? (await bytesElsewhere(photo))
      return bytes && { bytes, mediaType: sniffMediaType(bytes) }
    },

    async state() {
      const [view, held] = await Promise.all([watch.anew(), claims.all()])
      return stateOf(view, isHeld(held), isInReach)
    },
  }
}
