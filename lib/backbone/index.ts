/**
 * Backbones: frozen networks that turn a photo into features.
 * @module
 */
import { fileURLToPath } from 'node:url'

export { importEfficientNetLite0 } from './import-efficientnet-lite0.ts'
export { importXception } from './import-xception.ts'
export { topologies, topologyOf } from './known-topology.ts'
export type { BackboneManifest } from './manifest.ts'
export { type Backbone, openBackbone, readBackboneManifest, readTensor, verifyBackbone } from './open.ts'
export { type Convolution, convolutionsOf, type Layer, type Topology, tensorsOf } from './topology.ts'
export { type PublishedWeights, xceptionWeights } from './xception-weights.ts'

/** The backbone that comes with the repository. */
export const defaultBackboneDir: string = fileURLToPath(new URL('./efficientnet-lite0/', import.meta.url))
