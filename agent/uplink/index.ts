/**
 * The edge's connection to the cloud.
 * @module
 */
export { type Heartbeat, heartbeat, type LinkState, readHeartbeat, type Totals } from './heartbeat.ts'
export { createUplink, type Uplink } from './uplink.ts'
