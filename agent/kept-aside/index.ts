/**
 * Messages that nothing can be made of: kept, visible, bounded.
 * @module
 */
export { createKeptAside, type KeptAside } from './kept-aside.ts'
export { createKeptAsideRoutes } from './routes.ts'
