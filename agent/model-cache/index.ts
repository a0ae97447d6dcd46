/**
 * The node's cache of models.
 * @module
 */
export { createModelCache, type ModelCache } from './model-cache.ts'
