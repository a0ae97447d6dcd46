/**
 * The training job: from a run to a published model version.
 * @module
 */
export { type JobMessage, readJobMessage } from './messages.ts'
export { type OnProgress, runTraining, type TrainingRequest } from './run-training.ts'
