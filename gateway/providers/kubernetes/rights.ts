import type { V1RoleBinding, V1SelfSubjectReview } from '@kubernetes/client-node'
import type { EdgeloopError } from '../../../lib/errors/index.ts'
import type { KubernetesClient } from '../../../lib/kubernetes/index.ts'
import { paths } from './names.ts'

/** What the gateway may do in a namespace for functions; see deploy/base/cloud/gateway-rbac.yml. */
const ROLE = 'edgeloop-functions'

/**
 * Gives the gateway its rights in a namespace for functions, where it has none yet. A service account has rights where it
 * is given them; whoever comes with a kubeconfig brings his own.
 */
export async function giveRights(client: KubernetesClient, namespace: string): Promise<void> {
  const apiVersion = 'authentication.k8s.io/v1'
  const { status } = await client.create<V1SelfSubjectReview>(paths.whoAmI, {
    apiVersion,
    kind: 'SelfSubjectReview',
  })
  const [, from, name] =
    /^system:serviceaccount:([^:]+):([^:]+)$/.exec(status?.userInfo?.username ?? '') ?? []
  if (!from || !name) return
  const binding = bindingOf(namespace, from, name)
  await client.create(paths.roleBindings(namespace), binding).catch((error: EdgeloopError) => {
    if (error.code !== 'CONFLICT') throw error
  })
}

function bindingOf(namespace: string, from: string, name: string): V1RoleBinding {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: 'edgeloop-gateway', namespace },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: ROLE },
    subjects: [{ kind: 'ServiceAccount', namespace: from, name }],
  }
}
