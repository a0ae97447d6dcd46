/**
 * The backbones of this machine: the built-in one, and those that were added.
 * @module
 */
export { type Added, type AddOptions, addBackbone, type OnProgress } from './add.ts'
export { findBackbone } from './find.ts'
export { backbonesFolder } from './folder.ts'
export { type Listed, listBackbones } from './list.ts'
