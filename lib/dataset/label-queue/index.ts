/**
 * Who is asked about which photo of a dataset, and what they say.
 * @module
 */
export { type DatasetLabelQueue, labelQueue } from './label-queue.ts'
export type { LabelQueueOptions } from './parts.ts'
export type { Asked } from './view.ts'
