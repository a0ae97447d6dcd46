import type { BackboneManifest } from '../../../lib/backbone/index.ts'

/** Enough of a hash to tell backbones apart. */
export const shortHash = ({ hash }: BackboneManifest): string => hash.slice(0, 12)

/** Of the weights, in millions of bytes. */
export const megabytes = ({ weights }: BackboneManifest): string => (weights.bytes / 1e6).toFixed(1)
