/**
 * Runtimes: they compute a photo's features with a backbone.
 * @module
 */
export { createRuntime } from './create-runtime.ts'
export { type Runtime, type RuntimeChoice, runtimeChoices } from './runtime.ts'
export { prepareRuntime } from './spawn.ts'
