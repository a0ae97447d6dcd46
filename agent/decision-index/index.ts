export { createDecisionIndex, type DecisionIndexOptions } from './decision-index.ts'
export type { Counters, NewDecision } from './records.ts'
export { createDecisionRoutes } from './routes.ts'
export type { Decision, DecisionIndex, Neighbour, NeighbourQuery } from './types.ts'
