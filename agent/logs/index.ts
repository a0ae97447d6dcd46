/**
 * What this node's functions have written, for the cloud to ask over the agent's own line: nobody can connect to an edge.
 * @module
 */
export { podLogs } from './pod-logs.ts'
export { createLogRoutes, type LogSource } from './routes.ts'
