/**
 * The edge's connection to the cloud.
 * @module
 */
export { createUplink, type Uplink } from './uplink.ts'
