/**
 * From events to functions and on to the next event, each step durable.
 * @module
 */
export { type Connector, createConnector, type Subscriber, subscribersOf } from './connector.ts'
