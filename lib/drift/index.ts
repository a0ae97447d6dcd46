/**
 * Whether a camera shows something else than what its model knows, without anybody's labels.
 * @module
 */
export { judgeDrift } from './drift.ts'
