/**
 * One JSON value a line, as it comes. https://github.com/ndjson/ndjson-spec
 * @module
 */
export { readNdjson } from './read.ts'
export { writeNdjson } from './write.ts'
