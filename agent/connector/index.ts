/**
 * From events to functions and on to the next event, each step durable.
 * @module
 */
export { type Connector, createConnector, invokeWith, type Subscriber, subscriberOf } from './connector.ts'
export { type Delivery, deliverySchema, isEvent } from './delivery.ts'
export { type FollowedFunctions, followFunctions } from './follow-functions.ts'
export { messageOf } from './message-of.ts'
export type { MqttMessage } from './mqtt-message.ts'
export { type Answer, readAnswer } from './outcome.ts'
