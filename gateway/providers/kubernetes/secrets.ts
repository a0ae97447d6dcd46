import type { V1Secret } from '@kubernetes/client-node'
import { EdgeloopError } from '../../../lib/errors/index.ts'
import type { KubernetesClient } from '../../../lib/kubernetes/index.ts'
import type { Deployment } from '../../../lib/stack/index.ts'
import { DEFAULT_NAMESPACE, type Secret, type Secrets } from '../../provider.ts'
import { MANAGED, paths } from './names.ts'

/** Secrets with which images are pulled. */
const PULL_TYPES = ['kubernetes.io/dockerconfigjson', 'kubernetes.io/dockercfg']

/**
 * Functions' secrets as Secrets of the cluster, each with one value under its own name. Only those that were made here
 * are listed and changed; functions may use others too.
 */
export function createSecrets(client: KubernetesClient): Secrets {
  const ours = { labelSelector: `${MANAGED.key}=${MANAGED.value}` }

  async function existing(name: string, namespace: string): Promise<V1Secret | undefined> {
    const found = await client.find<V1Secret>(paths.secret(namespace, name))
    return found?.metadata?.labels?.[MANAGED.key] === MANAGED.value ? found : undefined
  }

  return {
    async list(namespace = DEFAULT_NAMESPACE) {
      const { items } = await client.list<V1Secret>(paths.secrets(namespace), ours)
      return items.map(({ metadata }) => ({ name: metadata!.name!, namespace }))
    },
    async create(secret) {
      const namespace = secret.namespace || DEFAULT_NAMESPACE
      await client
        .create(paths.secrets(namespace), objectOf(secret, namespace))
        .catch((error: EdgeloopError) => {
          if (error.code !== 'CONFLICT') throw error
          throw new EdgeloopError('CONFLICT', `there is a secret "${secret.name}" already`, {
            where: secret.name,
          })
        })
    },
    async update(secret) {
      const namespace = secret.namespace || DEFAULT_NAMESPACE
      if (!(await existing(secret.name, namespace))) return false
      await client.merge(paths.secret(namespace, secret.name), { data: objectOf(secret, namespace).data })
      return true
    },
    async remove(name, namespace = DEFAULT_NAMESPACE) {
      return (await existing(name, namespace)) !== undefined && client.remove(paths.secret(namespace, name))
    },
  }
}

/**
 * Makes sure that a deployment's secrets are there.
 *
 * @returns those of them with which images are pulled
 * @throws EdgeloopError INVALID_INPUT naming one that is not there, or that is not for functions
 */
export async function requireSecrets(
  client: KubernetesClient,
  { service, secrets }: Deployment,
  namespace: string
): Promise<string[]> {
  const pull: string[] = []
  for (const name of secrets ?? []) {
    const found = isName(name) ? await client.find<V1Secret>(paths.secret(namespace, name)) : undefined
    if (!found)
      throw new EdgeloopError(
        'INVALID_INPUT',
        `${service} wants the secret "${name}", which does not exist`,
        {
          where: 'secrets',
          hint: `secrets in ${namespace}: ${(await namesIn(client, namespace)).join(', ') || 'none'}`,
        }
      )
    if (PULL_TYPES.includes(found.type ?? '')) pull.push(name)
    else if (found.type !== undefined && found.type !== 'Opaque')
      throw new EdgeloopError('INVALID_INPUT', `the secret "${name}" is not for functions: ${found.type}`, {
        where: 'secrets',
        hint: 'make one with faas-cli secret create',
      })
  }
  return pull
}

async function namesIn(client: KubernetesClient, namespace: string): Promise<string[]> {
  return (await createSecrets(client).list(namespace)).map(({ name }) => name)
}

/** Else it would be another path of the API. */
const isName = (name: string) => /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/.test(name)

function objectOf({ name, value }: Secret, namespace: string): V1Secret {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace, labels: { [MANAGED.key]: MANAGED.value } },
    type: 'Opaque',
    data: { [name]: Buffer.from(value).toString('base64') },
  }
}
