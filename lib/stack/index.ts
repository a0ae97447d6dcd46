/**
 * stack.yml: functions, their placement and topics, as faas-cli reads it.
 * @module
 */
export { type FunctionTraits, type Probe, secondsOf, traitsOf } from './annotations.ts'
export { deploymentsOf, handlersOf, readStack } from './read-stack.ts'
export { type Scaling, scalingOf, scalingTrouble } from './scaling.ts'
export { type Deployment, deployment, readDeployment, type Stack, type StackFunction } from './schema.ts'
