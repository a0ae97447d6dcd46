/**
 * What an agent measures, for Prometheus.
 * @module
 */
export { type AgentMetrics, createAgentMetrics } from './agent-metrics.ts'
