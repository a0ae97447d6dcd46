/**
 * What a hop passes on of an HTTP message.
 * @module
 */
export { endToEnd } from './end-to-end.ts'
