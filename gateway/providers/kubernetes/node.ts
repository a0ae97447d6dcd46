import type { V1Node } from '@kubernetes/client-node'
import { EdgeloopError } from '../../../lib/errors/index.ts'
import type { Node, Taint } from '../../placement/index.ts'
import { EDGE_LABEL, POD_NETWORK_LABEL } from './names.ts'

/** A node as placement sees it. */
export function readNode({ metadata, spec }: V1Node): Node {
  return { name: metadata!.name!, labels: metadata!.labels ?? {}, taints: (spec?.taints ?? []) as Taint[] }
}

export function isEdge({ metadata }: V1Node): boolean {
  return metadata!.labels?.[EDGE_LABEL] !== undefined
}

/**
 * Whether pods of a node have a network of their own. Of a kubelet's it is known: it is not ready without. An edgecore
 * is satisfied with any CNI configuration, such as one of a loopback only, and so has to be said to have one.
 */
function hasPodNetwork({ metadata, status }: V1Node): boolean {
  const said = metadata!.labels?.[POD_NETWORK_LABEL]
  if (said !== undefined) return said !== 'false'
  return !/kubeedge/.test(status?.nodeInfo?.kubeletVersion ?? '')
}

/**
 * Makes sure that pods of their own network can run on all of these nodes.
 *
 * @throws EdgeloopError INVALID_INPUT naming those where they cannot
 */
export function requirePodNetwork(service: string, nodes: readonly V1Node[]): void {
  const without = nodes.filter((node) => !hasPodNetwork(node)).map(({ metadata }) => metadata!.name)
  if (without.length === 0) return
  throw new EdgeloopError(
    'INVALID_INPUT',
    `${service} needs a network for pods, which ${without.join(', ')} ${without.length === 1 ? 'has' : 'have'} not`,
    {
      where: 'annotations.edgeloop.dev/host-network',
      hint:
        'annotate it with "edgeloop.dev/host-network: ok" if its image listens on $PORT at $HOST (those of the template ' +
        `node-typescript do), or label the nodes with ${POD_NETWORK_LABEL}=true if their pods have a network`,
    }
  )
}
