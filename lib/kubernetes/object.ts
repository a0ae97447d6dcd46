import type { V1ObjectMeta } from '@kubernetes/client-node'

/** What every object of Kubernetes has. */
export interface KubernetesObject {
  metadata?: V1ObjectMeta
}
