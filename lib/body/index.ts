/**
 * Bodies of requests and responses, never more of them than somebody is willing to hold in memory.
 * @module
 */
export { readBody } from './read-body.ts'
