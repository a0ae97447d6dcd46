import { EdgeloopError } from '../../../lib/errors/index.ts'
import type { KubernetesClient, KubernetesObject } from '../../../lib/kubernetes/index.ts'
import { readQuantity } from '../../../lib/quantity/index.ts'
import type { FunctionStatus } from '../../provider.ts'
import { FUNCTION_LABEL, paths } from './names.ts'

interface PodMetrics extends KubernetesObject {
  containers: { usage: { cpu?: string; memory?: string } }[]
}

/** What all pods of a function use, by the metrics API; undefined in a cluster that has none. */
export async function usageOf(
  client: KubernetesClient,
  namespace: string,
  name: string
): Promise<FunctionStatus['usage']> {
  try {
    const labelSelector = `${FUNCTION_LABEL}=${name}`
    const { items } = await client.list<PodMetrics>(paths.usage(namespace), { labelSelector })
    const containers = items.flatMap((item) => item.containers.map(({ usage }) => usage))
    const sum = (amounts: (string | undefined)[]) =>
      amounts.reduce((total, amount) => total + (readQuantity(amount ?? '') ?? 0), 0)
    return {
      cpu: sum(containers.map(({ cpu }) => cpu)),
      totalMemoryBytes: sum(containers.map(({ memory }) => memory)),
    }
  } catch (error) {
    if (error instanceof EdgeloopError && ['NOT_FOUND', 'UNAVAILABLE', 'MISCONFIGURED'].includes(error.code))
      return undefined
    throw error
  }
}
