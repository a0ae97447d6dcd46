export { type Edge, startEdge } from './edge.ts'
export { localReach } from './local-reach.ts'
