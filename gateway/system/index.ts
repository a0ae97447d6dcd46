/**
 * OpenFaaS' `/system` API, with what Edgeloop has beside it.
 * @module
 */
export type { SystemApp } from './route.ts'
export { systemRoutes } from './system.ts'
