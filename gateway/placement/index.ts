/**
 * Where and how functions run: profiles and constraints, against the labels and taints of nodes.
 * @module
 */
export type { ComposedProfile } from './compose.ts'
export { explainPlacement, requirePlacement } from './explain.ts'
export {
  type Placement,
  placementFor,
  placementOf,
  requiredTerms,
  switchLabel,
  type Wish,
  wishOf,
} from './match.ts'
export type { Node, Taint, Toleration } from './node.ts'
export { type Profile, parseProfile, readProfiles } from './profile.ts'
export { isLabelKey, isLabelValue, type Requirement, type Term } from './requirement.ts'
