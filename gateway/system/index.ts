/**
 * OpenFaaS' `/system` API, with what Edgeloop has beside it.
 * @module
 */
export { guarded } from './guard.ts'
export type { SystemApp } from './route.ts'
export { systemRoutes } from './system.ts'
