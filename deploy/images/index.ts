/**
 * What the container images hold.
 * @module
 */
export { type BundleOptions, bundle } from './bundle.ts'
export { PROCESSES } from './processes.ts'
