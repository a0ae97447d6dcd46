/**
 * People label photos at this edge: on its own page, whether or not the cloud is in reach.
 * @module
 */
export { createEdgeLabelQueue, type EdgeLabelQueueOptions } from './edge-label-queue.ts'
export { followDoubts } from './follow-doubts.ts'
export { createLabelBook, type LabelBook, type LabelBookOptions } from './label-book.ts'
export { createModelLabels } from './model-labels.ts'
export { createLabelDoor } from './routes.ts'
