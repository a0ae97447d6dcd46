/**
 * From events to functions and on to the next event, each step durable.
 * @module
 */
export { type Connector, createConnector, invokeWith, type Subscriber } from './connector.ts'
export { type FollowedFunctions, followFunctions } from './follow-functions.ts'
