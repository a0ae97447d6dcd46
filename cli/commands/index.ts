/**
 * Commands against a running platform, one a file.
 * @module
 */
export { deadLettersCommand } from './dead-letters/index.ts'
export { labelCommand } from './label/index.ts'
export { modelsCommand } from './models/index.ts'
export { statusCommand } from './status.ts'
