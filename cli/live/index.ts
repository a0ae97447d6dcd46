/**
 * The live view of `npm start` on a terminal.
 * @module
 */
export { liveReporter } from './reporter.ts'
