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
    [...constraints, disabled].every((requirement) => matches(requirement, node.labels)) &&
    chosen.every((profile) => matchesAffinity(profile, node))
}

/** Terms are alternatives; all that one of them asks for must hold, and one that asks for nothing matches nothing. */
function matchesAffinity({ spec }: Profile, node: Node): boolean {
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms
  if (!terms) return true
  const fields = { 'metadata.name': node.name }
  return terms.some(
    ({ matchExpressions, matchFields }) =>
      matchExpressions.length + matchFields.length > 0 &&
      matchExpressions.every((requirement) => matches(requirement, node.labels)) &&
      matchFields.every((requirement) => matches(requirement, fields))
  )
}

/** Kubernetes' node selector operators. https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/ */
function matches(
  { key, operator, values = [] }: Requirement,
  labels: Readonly<Record<string, string>>
): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined
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
      return wholeNumber(value) > wholeNumber(values[0])
    case 'Lt':
      return wholeNumber(value) < wholeNumber(values[0])
  }
}

/** NaN, which is neither more nor less than anything, for whatever is none. */
function wholeNumber(value: string | undefined): number {
  return value !== undefined && /^-?\d+$/.test(value) ? Number(value) : Number.NaN
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
