/**
 * From events to functions and on to the next event, each step durable.
 * @module
 */
export { type Connector, createConnector, invokeWith, type Subscriber, subscriberOf } from './connector.ts'
export { type FollowedFunctions, followFunctions } from './follow-functions.ts'
export { type Answer, readAnswer } from './outcome.ts'
