import { type DatasetLabelQueue, labelQueue } from '../../../lib/dataset/index.ts'
import { photosFrom } from '../../labelling/index.ts'
import type { Connection } from '../connection.ts'

/** The label queue of the running platform. */
export function queueOf({ platform, store, publish }: Connection): DatasetLabelQueue {
  return labelQueue({ store, dataset: platform.dataset, publish, photoFrom: photosFrom(platform.edges) })
}
