/**
 * The embedded MQTT broker.
 * @module
 */
export { type Broker, createBroker, openBroker, type Publication } from './broker.ts'
