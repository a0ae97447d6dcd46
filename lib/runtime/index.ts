/**
 * Runtimes: they compute a photo's features with a backbone.
 * @module
 */
export { startBackend } from './backend.ts'
export { createRuntime } from './create-runtime.ts'
export { isInstalled } from './installed.ts'
export { type Runtime, type RuntimeChoice, type RuntimeName, runtimeChoices } from './runtime.ts'
export { prepareRuntime } from './spawn.ts'
