import { EdgeloopError } from '../../lib/errors/index.ts'
import { type Deployment, traitsOf } from '../../lib/stack/index.ts'
import type { Profile, Requirement } from './profile.ts'

/** A node that could run functions. */
export interface Node {
  name: string
  labels: Readonly<Record<string, string>>
}

/** Tells for each node whether a deployment belongs there. */
export type Placement = (node: Node) => boolean

/**
 * Reads where a deployment wants to run: the required node affinity of its profiles, its `constraints`, and the label
 * with which people switch a service off on one node.
 *
 * @throws EdgeloopError INVALID_INPUT naming an unknown profile or a constraint that cannot be read
 */
export function placementOf(deployment: Deployment, profiles: ReadonlyMap<string, Profile>): Placement {
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
  const constraints = (deployment.constraints ?? []).map(parseConstraint)
  const disabled: Requirement = {
    key: `service.edgeloop.dev/${deployment.service}`,
    operator: 'NotIn',
    values: ['disabled'],
  }
  return (node) =>
    [...constraints, disabled].every((requirement) => matches(requirement, node)) &&
    chosen.every((profile) => matchesAffinity(profile, node))
}

/** Terms are alternatives; the expressions of one term must all hold. */
function matchesAffinity({ spec }: Profile, node: Node): boolean {
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms
  return (
    !terms || terms.some((term) => term.matchExpressions.every((requirement) => matches(requirement, node)))
  )
}

/** Kubernetes' node selector operators. https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/ */
function matches({ key, operator, values = [] }: Requirement, node: Node): boolean {
  const value = node.labels[key]
  switch (operator) {
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Gt':
      return value !== undefined && Number(value) > Number(values[0])
    case 'Lt':
      return value !== undefined && Number(value) < Number(values[0])
  }
}

/** OpenFaaS' `constraints`: `key=value`, `key==value` or `key!=value`. */
function parseConstraint(constraint: string): Requirement {
  const match = /^\s*(?:node\.labels\.)?([^\s=!]+)\s*(!=|==?)\s*(\S+)\s*$/.exec(constraint)
  if (!match)
    throw new EdgeloopError('INVALID_INPUT', `the constraint "${constraint}" cannot be read`, {
      where: 'constraints',
      hint: 'write it as key=value or key!=value',
    })
  return { key: match[1]!, operator: match[2] === '!=' ? 'NotIn' : 'In', values: [match[3]!] }
}
