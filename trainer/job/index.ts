/**
 * The training job: from a run to a published model version.
 * @module
 */
export { type OnProgress, runTraining, type TrainingRequest } from './run-training.ts'
