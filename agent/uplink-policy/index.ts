/**
 * When samples may go up, and how fast.
 * @module
 */
export {
  createUplinkPolicy,
  type Hold,
  type UplinkPolicy,
  type UplinkPolicyOptions,
} from './uplink-policy.ts'
