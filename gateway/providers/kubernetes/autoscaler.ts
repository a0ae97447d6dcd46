import type { V2HorizontalPodAutoscaler } from '@kubernetes/client-node'
import type { KubernetesClient } from '../../../lib/kubernetes/index.ts'
import { type Deployment, scalingOf } from '../../../lib/stack/index.ts'
import { FUNCTION_LABEL, paths } from './names.ts'
import type { Workload } from './workload.ts'

/**
 * What scales a function between its min and its max; undefined where nothing is to. It does nothing while there are no
 * pods, and goes with the Deployment.
 */
export function autoscalerOf(
  deployment: Deployment,
  { kind, metadata }: Workload
): V2HorizontalPodAutoscaler | undefined {
  const { min, max, targetMillicores } = scalingOf(deployment)
  if (max === undefined || kind !== 'Deployment') return undefined
  const { name, namespace, uid } = metadata!
  const target = { apiVersion: 'apps/v1', kind, name: name! }
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: {
      name,
      namespace,
      labels: { [FUNCTION_LABEL]: name! },
      ownerReferences: [{ ...target, uid: uid! }],
    },
    spec: {
      scaleTargetRef: target,
      minReplicas: min,
      maxReplicas: max,
      metrics: [
        {
          type: 'Resource',
          resource: { name: 'cpu', target: { type: 'AverageValue', averageValue: `${targetMillicores}m` } },
        },
      ],
    },
  }
}

/** Makes the cluster's autoscaler of a function what its labels say. */
export async function putAutoscaler(
  client: KubernetesClient,
  deployment: Deployment,
  workload: Workload
): Promise<void> {
  const { namespace, name } = workload.metadata as { namespace: string; name: string }
  const path = paths.autoscaler(namespace, name)
  const asked = autoscalerOf(deployment, workload)
  const there = await client.find<V2HorizontalPodAutoscaler>(path)
  if (asked && there) {
    const { resourceVersion } = there.metadata!
    await client.replace(path, { ...asked, metadata: { ...asked.metadata, resourceVersion } }, {})
  } else if (asked) await client.create(paths.autoscalers(namespace), asked, {})
  else if (there?.metadata?.labels?.[FUNCTION_LABEL] === name) await client.remove(path, {})
}
