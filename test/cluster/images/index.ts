/**
 * Container images without a registry, a base image or Docker.
 * @module
 */
export { type Image, writeArchive } from './archive.ts'
export { type Layer, type LayerContent, libraryContent, packLayer, programContent } from './layer.ts'
