/**
 * A dataset in the bucket: samples, labels, golden and seed photos, snapshots, runs, features.
 * @module
 */
export { featureStore } from './features.ts'
export { type LabelQueue, labelQueue } from './label-queue.ts'
export { type LabelledCollection, labelledPhotos } from './labelled-photos.ts'
export type {
  LabelledPhoto,
  LabelRecord,
  Origin,
  Run,
  RunStatus,
  SampleRecord,
  Snapshot,
  SnapshotItem,
  Verdict,
} from './records.ts'
export { type RunState, runStore } from './runs.ts'
export { type SampleUpload, sampleStore } from './samples.ts'
