import { EdgeloopError } from '../../lib/errors/index.ts'
import { type Deployment, traitsOf } from '../../lib/stack/index.ts'
import type { Profile, ProfileSpec } from './profile.ts'
import { ANYWHERE, type Term } from './requirement.ts'

/** Several profiles as one: where and how a function runs. */
export interface ComposedProfile {
  /** The alternatives among nodes, none of which is where nothing can match. */
  terms: Term[]
  workload: 'Deployment' | 'DaemonSet'
  /** `host`: whoever is on the node reaches it at 127.0.0.1. */
  network: 'host' | 'pod'
  imagePullPolicy: 'IfNotPresent' | 'Always' | 'Never'
  /** Directories of the node, which functions see under the same path and only read. */
  hostVolumes: string[]
  /** All of it, save the required node affinity, which `terms` are. */
  spec: ProfileSpec
}

/**
 * Composes the profiles that a deployment names: of what is one value the later one wins, lists are joined, and every
 * profile's required node affinity must hold.
 *
 * @throws EdgeloopError INVALID_INPUT naming an unknown profile, or an annotation that cannot be read
 */
export function composeProfiles(
  deployment: Deployment,
  profiles: ReadonlyMap<string, Profile>
): ComposedProfile {
  const chosen = traitsOf(deployment).profiles.map((name) => {
    const profile = profiles.get(name)
    if (profile) return profile
    throw new EdgeloopError(
      'INVALID_INPUT',
      `${deployment.service} wants the profile "${name}", which does not exist`,
      {
        where: 'annotations.com.openfaas.profile',
        hint: `profiles: ${[...profiles.keys()].join(', ') || 'none'}`,
      }
    )
  })
  return {
    terms: chosen.map(termsOf).reduce(bothOf, [ANYWHERE]),
    workload: setting(chosen, 'edgeloop.dev/workload', ['Deployment', 'DaemonSet']),
    network: setting(chosen, 'edgeloop.dev/network', ['pod', 'host']),
    imagePullPolicy: setting(chosen, 'edgeloop.dev/image-pull-policy', ['IfNotPresent', 'Always', 'Never']),
    hostVolumes: [...new Set(chosen.flatMap(hostVolumesOf))],
    spec: chosen.map(({ spec }) => withoutTerms(spec)).reduce<ProfileSpec>(merged, {}),
  }
}

/** Terms are alternatives: for both lists to hold, each of one is joined with each of the other. */
export function bothOf(some: readonly Term[], others: readonly Term[]): Term[] {
  return some.flatMap((one) =>
    others.map((other) => ({
      matchExpressions: [...one.matchExpressions, ...other.matchExpressions],
      matchFields: [...one.matchFields, ...other.matchFields],
    }))
  )
}

/** A term that asks for nothing matches nothing, in Kubernetes. */
function termsOf({ spec }: Profile): Term[] {
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  if (!required) return [ANYWHERE]
  return required.nodeSelectorTerms.filter(
    ({ matchExpressions, matchFields }) => matchExpressions.length + matchFields.length > 0
  )
}

function withoutTerms(spec: ProfileSpec): ProfileSpec {
  const { affinity: { nodeAffinity, ...affinity } = {}, ...rest } = spec
  const { requiredDuringSchedulingIgnoredDuringExecution: _, ...preferred } = nodeAffinity ?? {}
  const kept = { ...affinity, ...(Object.keys(preferred).length > 0 && { nodeAffinity: preferred }) }
  return { ...rest, ...(Object.keys(kept).length > 0 && { affinity: kept }) }
}

/** The first choice is what holds when no profile says anything. */
function setting<const T extends string>(profiles: Profile[], annotation: string, choices: readonly T[]): T {
  let chosen = choices[0]!
  for (const { metadata } of profiles) {
    const value = metadata.annotations[annotation]
    if (value === undefined) continue
    const choice = choices.find((each) => each === value)
    if (!choice)
      throw new EdgeloopError(
        'INVALID_INPUT',
        `the profile "${metadata.name}" says ${annotation}: ${value}`,
        {
          where: annotation,
          hint: `write one of: ${choices.join(', ')}`,
        }
      )
    chosen = choice
  }
  return chosen
}

function hostVolumesOf({ metadata }: Profile): string[] {
  const annotation = 'edgeloop.dev/host-volumes'
  return (metadata.annotations[annotation] ?? '').split(',').flatMap((item) => {
    const text = item.trim()
    if (text === '') return []
    const [path = '', mode = 'ro', ...more] = text.split(':')
    if (/^(\/[^/]+)+$/.test(path) && !path.split('/').includes('..') && mode === 'ro' && more.length === 0)
      return [path]
    throw new EdgeloopError(
      'INVALID_INPUT',
      `the profile "${metadata.name}" cannot give functions the host volume "${text}"`,
      {
        where: annotation,
        hint: 'write an absolute path, as in /var/lib/edgeloop/models:ro; functions only read',
      }
    )
  })
}

/** The later value wins, objects are merged and lists joined; a strategy is one thing. */
function merged<T extends object>(earlier: T, later: T): T {
  const result = { ...earlier } as Record<string, unknown>
  for (const [key, value] of Object.entries(later)) {
    const before = result[key]
    if (Array.isArray(value) && Array.isArray(before)) result[key] = joined(before, value)
    else if (isObject(value) && isObject(before) && key !== 'strategy') result[key] = merged(before, value)
    else if (value !== undefined) result[key] = value
  }
  return result as T
}

function joined(some: unknown[], others: unknown[]): unknown[] {
  const known = new Set(some.map((each) => JSON.stringify(each)))
  return [...some, ...others.filter((each) => !known.has(JSON.stringify(each)))]
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
