/**
 * Dead letters over HTTP: what no function here will ever take, to be looked at, sent again or forgotten.
 * @module
 */
export { photoOf } from './letter.ts'
export { createDeadLetterRoutes } from './routes.ts'
