/**
 * Whether a camera shows something else than what its model knows, without anybody's labels.
 * @module
 */
export { DRIFT_WINDOW, type Drift, judgeDrift } from './drift.ts'
