/**
 * Where functions may run: profiles and constraints against the labels of nodes.
 * @module
 */
export { type Node, type Placement, placementOf } from './match.ts'
export { type Profile, readProfiles } from './profile.ts'
