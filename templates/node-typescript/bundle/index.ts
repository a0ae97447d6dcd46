/**
 * Makes what a container image holds beside Node.
 * @module
 */
export { type BundleOptions, bundle } from './bundle.ts'
