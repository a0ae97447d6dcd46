/**
 * What a hop passes on of an HTTP message, and when it may do so twice.
 * @module
 */
export { endToEnd } from './end-to-end.ts'
export { isOfTheConnection } from './of-the-connection.ts'
export { isRepeatable, UNREPEATED_HINT } from './repeatable.ts'
export { sentTo, targetOf } from './target.ts'
export { endsWithItsHead, isWithoutBody } from './without-body.ts'
