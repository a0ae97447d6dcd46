/**
 * Follows what is desired of this edge.
 * @module
 */
export { type FollowedDesired, followDesired } from './follow-desired.ts'
