/**
 * How the gateway says no.
 * @module
 */
export { answerError, refuse } from './refusals.ts'
