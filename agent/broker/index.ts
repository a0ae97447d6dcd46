/**
 * MQTT: a broker of this process' own, or the connection to another one.
 * @module
 */
import './packet-numbers.ts'

export { createBroker, type EmbeddedBroker, type TlsFiles } from './broker.ts'
export { createExternalBroker, type ExternalBrokerOptions } from './external-broker.ts'
export type { Broker, Publication } from './types.ts'
