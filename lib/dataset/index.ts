/**
 * A dataset in the bucket: samples, labels, golden and seed photos, snapshots, runs, features.
 * @module
 */
export { doubtStore } from './doubts.ts'
export { featureStore } from './features.ts'
export {
  type Asked,
  type DatasetLabelQueue,
  type LabelQueueOptions,
  labelQueue,
} from './label-queue/index.ts'
export { labelSet } from './label-set.ts'
export { type LabelledCollection, labelledPhotos } from './labelled-photos.ts'
export { type PeopleAnswers, peopleAnswers, withNeither } from './people-answers.ts'
export type {
  Doubt,
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
