/**
 * What a function's container does beside running its handler: of-watchdog's contract, in the same process.
 * @module
 */
export { createMetrics } from './metrics.ts'
export { createFunctionServer, type FunctionServer, type FunctionServerOptions } from './server.ts'
export { readSettings, type Settings } from './settings.ts'
export { watchMounts } from './vanished.ts'
