import { EdgeloopError } from '../errors/index.ts'
import { efficientNetLite0 } from './efficientnet-lite0.ts'
import type { BackboneManifest } from './manifest.ts'
import type { Topology } from './topology.ts'
import { xception } from './xception.ts'

/** The networks that this program can build, by `topology` of the manifest. */
export const topologies: ReadonlyMap<string, Topology> = new Map(
  [efficientNetLite0, xception].map((topology) => [topology.id, topology])
)

/**
 * The network that a manifest speaks of.
 * @throws INVALID_INPUT when it is not one that this program knows
 */
export function topologyOf({ name, topology: id, featureSize }: BackboneManifest): Topology {
  const topology = topologies.get(id)
  if (topology?.featureSize === featureSize) return topology
  throw new EdgeloopError('INVALID_INPUT', `cannot build a network '${id}'`, {
    where: name,
    hint: `Known networks: ${[...topologies.keys()].join(', ')}.`,
  })
}
