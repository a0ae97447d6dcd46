/**
 * The edge's half of the relay: a connection to the cloud's gateway, on which it may ask this edge's functions.
 * @module
 */
export { createRelay, type Relay, type RelayOptions } from './relay.ts'
