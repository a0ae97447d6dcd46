/**
 * How a run is shown.
 * @module
 */
export { jsonReporter } from './json.ts'
export type { Reporter } from './reporter.ts'
export { textReporter } from './text.ts'
