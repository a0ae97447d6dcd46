import { type Deployment, traitsOf } from '../../lib/stack/index.ts'
import { bothOf, type ComposedProfile, composeProfiles } from './compose.ts'
import { type Node, type Toleration, untolerated } from './node.ts'
import type { Profile } from './profile.ts'
import { matches, parseConstraint, type Requirement, type Term } from './requirement.ts'

/** Tells for each node whether a deployment belongs there. */
export type Placement = (node: Node) => boolean

/** Where a deployment wants to run. */
export interface Wish {
  profile: ComposedProfile
  /** Its profiles' terms with its constraints in each of them; none where nothing can match. */
  terms: Term[]
  tolerations: Toleration[]
  /** What its image is built for; empty when nobody said. */
  architectures: string[]
  /** With which people switch it off on one node. */
  notSwitchedOff: Requirement
}

/** The architecture of a node, as its kubelet says. */
export const ARCHITECTURE = 'kubernetes.io/arch'

/** The label of a node where a function is switched off: its value is then `disabled`. */
export const switchLabel = (service: string): string => `service.edgeloop.dev/${service}`

/**
 * Reads where a deployment wants to run: the profiles it names, its `constraints`, and what its image is built for.
 *
 * @throws EdgeloopError INVALID_INPUT naming what does not exist or cannot be read
 */
export function wishOf(deployment: Deployment, profiles: ReadonlyMap<string, Profile>): Wish {
  const profile = composeProfiles(deployment, profiles)
  const constraints = (deployment.constraints ?? []).map(parseConstraint)
  return {
    profile,
    terms: bothOf(profile.terms, [{ matchExpressions: constraints, matchFields: [] }]),
    tolerations: profile.spec.tolerations ?? [],
    architectures: traitsOf(deployment).architectures,
    notSwitchedOff: { key: switchLabel(deployment.service), operator: 'NotIn', values: ['disabled'] },
  }
}

/**
 * Tells where a deployment belongs, a node on which it is switched off not included.
 *
 * @throws EdgeloopError INVALID_INPUT naming what does not exist or cannot be read
 */
export function placementOf(deployment: Deployment, profiles: ReadonlyMap<string, Profile>): Placement {
  const wish = wishOf(deployment, profiles)
  const suits = placementFor(wish)
  return (node) => matches(wish.notSwitchedOff, node.labels) && suits(node)
}

/** Tells where something belongs that asks for this, switched off or not. */
export function placementFor({
  terms,
  tolerations,
  architectures = [],
}: Pick<Wish, 'terms' | 'tolerations'> & Partial<Wish>): Placement {
  return (node) =>
    untolerated(node, tolerations).length === 0 &&
    isBuiltFor(node, architectures) &&
    terms.some((term) => unmet(term, node).length === 0)
}

/** What a node lacks of a term. */
export function unmet({ matchExpressions, matchFields }: Term, node: Node): Requirement[] {
  const fields = { 'metadata.name': node.name }
  return [
    ...matchExpressions.filter((requirement) => !matches(requirement, node.labels)),
    ...matchFields.filter((requirement) => !matches(requirement, fields)),
  ]
}

/** A node that does not say what it is (a process of the local platform) takes every image. */
export function isBuiltFor({ labels }: Node, architectures: readonly string[]): boolean {
  const own = labels[ARCHITECTURE]
  return architectures.length === 0 || own === undefined || architectures.includes(own)
}

/** The wish as the required node affinity of a pod: one term or more, each of which holds all that is to hold. */
export function requiredTerms(
  { terms, architectures, notSwitchedOff }: Wish,
  more: Requirement[] = []
): Term[] {
  const built: Requirement[] =
    architectures.length > 0 ? [{ key: ARCHITECTURE, operator: 'In', values: architectures }] : []
  return bothOf(terms, [{ matchExpressions: [...built, ...more, notSwitchedOff], matchFields: [] }])
}
