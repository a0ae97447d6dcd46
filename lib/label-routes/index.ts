/**
 * A label queue over HTTP. Apart from the queue itself: whoever only needs that need not load what describes routes.
 * @module
 */
export { createLabelRoutes, type LabelRoutesOptions } from './routes.ts'
