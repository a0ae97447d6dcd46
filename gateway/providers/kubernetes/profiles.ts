import { EdgeloopError } from '../../../lib/errors/index.ts'
import type { KubernetesClient, KubernetesObject } from '../../../lib/kubernetes/index.ts'
import { type Profile, parseProfile } from '../../placement/index.ts'
import { paths } from './names.ts'

/**
 * Reads the profiles of the cluster; a wrong one is an error only for whoever wants it.
 *
 * @throws EdgeloopError INVALID_INPUT naming the field that is wrong
 */
export async function profilesIn(
  client: KubernetesClient,
  namespace: string,
  wanted: readonly string[]
): Promise<Map<string, Profile>> {
  const profiles = new Map<string, Profile>()
  if (wanted.length === 0) return profiles
  for (const item of await list(client, namespace)) {
    const { name = '' } = item.metadata ?? {}
    try {
      // What is in a list does not say what it is.
      const whole = { apiVersion: 'openfaas.com/v1', kind: 'Profile', ...item }
      profiles.set(name, parseProfile(whole, `the profile ${name} in ${namespace}`))
    } catch (error) {
      if (wanted.includes(name)) throw error
    }
  }
  return profiles
}

/** None where the cluster does not know what profiles are. */
async function list(client: KubernetesClient, namespace: string): Promise<KubernetesObject[]> {
  try {
    return (await client.list(paths.profiles(namespace))).items
  } catch (error) {
    if (error instanceof EdgeloopError && error.code === 'NOT_FOUND') return []
    throw error
  }
}
