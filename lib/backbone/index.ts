/**
 * Backbones: frozen networks that turn a photo into features.
 * @module
 */
import { fileURLToPath } from 'node:url'
import { efficientNetLite0 } from './efficientnet-lite0.ts'
import type { Topology } from './topology.ts'
import { xception } from './xception.ts'

export { importEfficientNetLite0 } from './import-efficientnet-lite0.ts'
export type { BackboneManifest } from './manifest.ts'
export { type Backbone, openBackbone, readBackboneManifest, readTensor } from './open.ts'
export { type Convolution, convolutionsOf, type Layer, type Topology, tensorsOf } from './topology.ts'

/** The networks that this program can build, by `topology` of the manifest. */
export const topologies: ReadonlyMap<string, Topology> = new Map(
  [efficientNetLite0, xception].map((topology) => [topology.id, topology])
)

/** The backbone that comes with the repository. */
export const defaultBackboneDir: string = fileURLToPath(new URL('./efficientnet-lite0/', import.meta.url))
