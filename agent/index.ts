/**
 * The agent: at the edge broker, connector, photo store, local gateway, uplink and model cache; in the cloud broker
 * and connector.
 * @module
 */
export { type CloudAgent, createCloudAgent } from './cloud-agent.ts'
export { createEdgeAgent, type EdgeAgent, type EdgeAgentOptions } from './edge-agent.ts'
