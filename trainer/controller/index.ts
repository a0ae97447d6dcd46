/**
 * The training controller: from requested runs to jobs, and from jobs to `model.trained`.
 * @module
 */
export { createTrainingController, type TrainingController } from './controller.ts'
export { type JobSettings, jobObject } from './job-object.ts'
export { type KubernetesJobsOptions, kubernetesJobs } from './kubernetes-jobs.ts'
export { type JobEnd, type JobRequest, processJobs, type StartJob } from './start-job.ts'
