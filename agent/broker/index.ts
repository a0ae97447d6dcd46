/**
 * The embedded MQTT broker.
 * @module
 */
export { type Broker, createBroker, type Publication, type TlsFiles } from './broker.ts'
