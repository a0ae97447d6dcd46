/**
 * People answer the label queue at a terminal.
 * @module
 */
export { photosFrom } from './photo-source.ts'
export { keys, LINES_BESIDE_PICTURE, renderLabelling } from './render.ts'
export { type Labelling, startLabelling } from './session.ts'
export { standingSentences } from './standing.ts'
