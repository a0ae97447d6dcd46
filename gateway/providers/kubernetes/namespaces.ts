import type { V1Namespace } from '@kubernetes/client-node'
import { EdgeloopError } from '../../../lib/errors/index.ts'
import type { KubernetesClient } from '../../../lib/kubernetes/index.ts'
import { DEFAULT_NAMESPACE, type Namespace, type Namespaces } from '../../provider.ts'
import type { ClusterView } from './cluster-view.ts'
import { ANNOTATIONS, paths } from './names.ts'
import { giveRights } from './rights.ts'

/** Namespaces with OpenFaaS' annotation; others are none of ours. */
export function createNamespaces(client: KubernetesClient, view: ClusterView): Namespaces {
  const found = (name: string) => view.namespaces().find(({ metadata }) => metadata!.name === name)

  return {
    list: async () => view.namespaces().map(readNamespace),
    get: async (name) => {
      const namespace = found(name)
      return namespace && readNamespace(namespace)
    },
    async create(namespace) {
      const { name } = namespace
      const made = await client
        .create(paths.namespaces, objectOf(namespace))
        .catch((error: EdgeloopError) => {
          if (error.code !== 'CONFLICT') throw error
          throw new EdgeloopError('CONFLICT', `there is a namespace "${name}" already`, {
            where: name,
            hint: 'one that was removed a moment ago may still be going',
          })
        })
      await giveRights(client, name)
      view.putNamespace(made)
      await view.loaded(name)
    },
    async update(namespace) {
      const { name } = namespace
      const known = found(name)
      if (!known) return false
      const { labels, annotations } = objectOf(namespace).metadata!
      const gone = (before: object = {}, after: object = {}) =>
        Object.fromEntries(Object.keys(before).flatMap((key) => (key in after ? [] : [[key, null]])))
      view.putNamespace(
        await client.merge<V1Namespace>(paths.namespace(name), {
          metadata: {
            labels: { ...gone(readNamespace(known).labels, labels), ...labels },
            annotations: { ...gone(readNamespace(known).annotations, annotations), ...annotations },
          },
        })
      )
      return true
    },
    async remove(name) {
      if (name === DEFAULT_NAMESPACE)
        throw new EdgeloopError('INVALID_INPUT', `the namespace ${name} has to be there`, { where: name })
      const known = found(name)
      if (!known) return false
      await client.remove(paths.namespace(name))
      const going = await client.find<V1Namespace>(paths.namespace(name))
      if (going) view.putNamespace(going)
      else view.dropNamespace(known)
      return true
    },
  }
}

/** What Kubernetes adds is its own affair. */
function readNamespace({ metadata }: V1Namespace): Namespace {
  const { 'kubernetes.io/metadata.name': _, ...labels } = metadata!.labels ?? {}
  const { 'kubectl.kubernetes.io/last-applied-configuration': __, ...annotations } =
    metadata!.annotations ?? {}
  return { name: metadata!.name!, labels, annotations }
}

function objectOf({ name, labels, annotations }: Namespace): V1Namespace {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels, annotations: { ...annotations, [ANNOTATIONS.namespace]: '1' } },
  }
}
