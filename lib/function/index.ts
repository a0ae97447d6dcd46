/**
 * What a function is: a Hono app with an environment and, where it needs one, a start and a stop.
 * @module
 */
export { createFunctionApp, type Environment, type FunctionApp, type FunctionModule } from './app.ts'
export { perEnvironment, readSettings } from './environment.ts'
