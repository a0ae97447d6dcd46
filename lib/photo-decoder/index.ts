/**
 * Photos as pixels. A room of its own: whoever only hands photos on, as an edge's agent does, need not load the decoder.
 * @module
 */
export { type DecodedPhoto, decodePhoto } from './decode.ts'
