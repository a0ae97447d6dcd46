import { EdgeloopError } from '../errors/index.ts'

/** Pixels of each side of the small grey image by which photos are compared. */
export const GREY_SIDE = 32

/**
 * Averages boxes of pixels; luma of ITU-R BT.601.
 *
 * @param photo as `decodePhoto` returns it; at least 32 pixels a side
 * @returns 32 × 32 values from 0 to 255, row after row
 */
export function shrinkToGrey({ pixels, size }: { pixels: Uint8Array; size: number }): Float64Array {
  if (size < GREY_SIDE || pixels.length !== size * size * 3) {
    throw new EdgeloopError('INVALID_INPUT', `expected RGB pixels of at least ${GREY_SIDE} x ${GREY_SIDE}`)
  }
  const edges = Array.from({ length: GREY_SIDE + 1 }, (_, i) => Math.floor((i * size) / GREY_SIDE))
  const grey = new Float64Array(GREY_SIDE * GREY_SIDE)
  for (let by = 0; by < GREY_SIDE; by++) {
    for (let bx = 0; bx < GREY_SIDE; bx++) {
      let red = 0
      let green = 0
      let blue = 0
      const right = edges[bx + 1]!
      for (let y = edges[by]!; y < edges[by + 1]!; y++) {
        for (let at = (y * size + edges[bx]!) * 3; at < (y * size + right) * 3; at += 3) {
          red += pixels[at]!
          green += pixels[at + 1]!
          blue += pixels[at + 2]!
        }
      }
      const area = (edges[by + 1]! - edges[by]!) * (right - edges[bx]!)
      grey[by * GREY_SIDE + bx] = (0.299 * red + 0.587 * green + 0.114 * blue) / area
    }
  }
  return grey
}

/** The same in whole numbers: 1,024 bytes, as it travels and is kept. */
export function thumbnailOf(photo: { pixels: Uint8Array; size: number }): Uint8Array {
  return Uint8Array.from(shrinkToGrey(photo), Math.round)
}
