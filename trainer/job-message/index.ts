/**
 * What a training job tells the controller that has started it.
 * @module
 */
export { type JobMessage, readJobMessage } from './job-message.ts'
