/**
 * The local platform: a cloud and its edges on one machine, for `npm start`, tests and benchmarks alike.
 * @module
 */
export { createPlatform, edgeNames, type Platform, type PlatformOptions } from './platform.ts'
export { findRunning, type RunningPlatform } from './state/index.ts'
