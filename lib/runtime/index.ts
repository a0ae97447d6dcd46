/**
 * Runtimes: they compute a photo's features with a backbone.
 * @module
 */
export { createRuntime, type RuntimeOptions } from './create-runtime.ts'
export type { Runtime, RuntimeName } from './runtime.ts'
