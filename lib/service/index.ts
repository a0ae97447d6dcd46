/**
 * A program's life: it says when it is ready, or why it is not, and ends when it is told to, or with the process that
 * started it.
 * @module
 */
export { runService, type Started, serviceMessage } from './service.ts'
