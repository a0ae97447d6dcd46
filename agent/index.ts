/**
 * The agent: at the edge broker, connector, photo store, local gateway, uplink and model cache; in the cloud broker
 * and connector.
 * @module
 */
export { type CloudAgent, createCloudAgent } from './cloud-agent.ts'
export { createDecisionIndex } from './decision-index/index.ts'
export { createEdgeAgent, type EdgeAgent, type EdgeAgentOptions } from './edge-agent.ts'
export { enrichEvent } from './enrich.ts'
export { createLabelBook } from './labelling/index.ts'
export { recordDecision } from './record-decision.ts'
