/**
 * Metrics under OpenFaaS' names and labels. https://docs.openfaas.com/architecture/metrics/
 * @module
 */
export { createInvocationMetrics, type InvocationMetrics } from './invocation-metrics.ts'
export { replicaMetrics } from './replica-metrics.ts'
export { requestMetrics } from './request-metrics.ts'
