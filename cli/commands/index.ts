/**
 * Commands against a running platform, and about the backbones of this machine; one a file.
 * @module
 */
export { backboneCommand } from './backbone/index.ts'
export { deadLettersCommand } from './dead-letters/index.ts'
export { edgeCommand } from './edge/index.ts'
export { labelCommand } from './label/index.ts'
export { modelsCommand } from './models/index.ts'
export { statusCommand } from './status.ts'
