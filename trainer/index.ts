/**
 * The cloud's learning half: the controller that watches runs, and the job that trains one.
 * @module
 */
export {
  createTrainingController,
  type JobEnd,
  type JobSettings,
  jobObject,
  type KubernetesJobsOptions,
  kubernetesJobs,
  processJobs,
  type StartJob,
  type TrainingController,
} from './controller/index.ts'
