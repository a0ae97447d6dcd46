/**
 * The edge's connection to the cloud.
 * @module
 */
export { type Heartbeat, heartbeat, type LinkState, type Totals } from './heartbeat.ts'
export { createUplink, type Uplink } from './uplink.ts'
