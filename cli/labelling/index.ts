/**
 * People answer the label queue at a terminal.
 * @module
 */
export { knownLabels } from './known-labels.ts'
export { keys, LINES_BESIDE_PICTURE, renderLabelling } from './render.ts'
export { type Labelling, startLabelling } from './session.ts'
