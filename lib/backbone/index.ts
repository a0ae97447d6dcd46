/**
 * Backbones: frozen networks that turn a photo into features.
 * @module
 */
import { fileURLToPath } from 'node:url'
import { efficientNetLite0 } from './efficientnet-lite0.ts'
import type { Topology } from './topology.ts'

export { importEfficientNetLite0 } from './import-efficientnet-lite0.ts'
export type { BackboneManifest } from './manifest.ts'
export { type Backbone, openBackbone, readBackboneManifest, readTensor } from './open.ts'
export { type Layer, layerShapes, layersOf, type Topology } from './topology.ts'

/** The networks that this program can build, by `topology` of the manifest. */
export const topologies: ReadonlyMap<string, Topology> = new Map([[efficientNetLite0.id, efficientNetLite0]])

/** The backbone that comes with the repository. */
export const defaultBackboneDir: string = fileURLToPath(new URL('./efficientnet-lite0/', import.meta.url))
