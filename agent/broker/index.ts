/**
 * The embedded MQTT broker.
 * @module
 */
export { type Broker, createBroker, type Publication } from './broker.ts'
