/**
 * Whether one photo is a part of another, or the same scene a little further on: thumbnails are laid over each other at
 * different sizes and places, and compared where they overlap by normalised cross-correlation (Lewis, "Fast Template Matching",
 * 1995). Brightness and slow changes of it are taken away first, so that what counts are edges. Where they agree is sought at half
 * the size, and how well they agree there is measured at the whole.
 * @module
 */
import { GREY_SIDE } from './grey.ts'

/** Half a thumbnail's side. */
const COARSE_SIDE = GREY_SIDE / 2
/** How large the parts are that are looked for, in pixels of the other's half thumbnail: down to three quarters of its sides. */
const PARTS = [12, 13, 14, 15]
/** How far one may lie beside the other, in pixels of the half thumbnail. */
const FURTHEST = 2
/** What lies beyond so many pixels is no edge, at the whole size and at half of it. */
const [BLUR, COARSE_BLUR] = [3, 1]
/** Parts that look best at half the size, of which one is the best at the whole size: of 1,674 copies, for all but one. */
const MEASURED = 3

/** A square image of edges with running sums, by which any part's sum is known at once. */
interface Plane {
  side: number
  values: Float64Array
  sums: Float64Array
  squares: Float64Array
}

/** A thumbnail ready to be laid over another. */
interface Photo {
  /** Running sums of its grey values. */
  sums: Float64Array
  whole: Plane
  /** The same at half the size, and at each of `PARTS`. */
  coarse: Plane
  parts: Plane[]
}

const emptyPlane = (side: number): Plane => ({
  side,
  values: new Float64Array(side * side),
  sums: emptySums(side),
  squares: emptySums(side),
})
const emptySums = (side: number) => new Float64Array((side + 1) * (side + 1))
const emptyPhoto = (): Photo => ({
  sums: emptySums(GREY_SIDE),
  whole: emptyPlane(GREY_SIDE),
  coarse: emptyPlane(COARSE_SIDE),
  parts: PARTS.map(emptyPlane),
})

/**
 * Filled in anew for each pair: half a megabyte that was thrown away for each photo would have the garbage collector hold up one
 * decision in a hundred.
 */
const [first, second] = [emptyPhoto(), emptyPhoto()]
const fine = new Map(PARTS.map((side) => [side, emptyPlane(2 * side)]))
const [corners, small, smallSums, squared] = [1, 2, 3, 4].map(() => emptySums(GREY_SIDE)) as [
  Float64Array,
  Float64Array,
  Float64Array,
  Float64Array,
]

/** One way to lay `under` and `over` over each other: the upper left corner of `over`, which may be smaller or lie beside. */
interface Laid {
  under: Photo
  over: Photo
  /** Of `over`, in pixels of the half thumbnail. */
  side: number
  x: number
  y: number
  agreement: number
}

/**
 * How well two photos agree where they agree best, −1 to 1. Of 743 photos of cats and dogs, those that show the same picture are
 * at 0.8 and more, and of the others, two of one session at most reach 0.7.
 *
 * @param one 32 × 32 grey values, row after row
 * @param other likewise
 */
export function alignment(one: Uint8Array, other: Uint8Array): number {
  const [a, b] = [prepare(first, one), prepare(second, other)]
  const parts = [...partsOf(a, b), ...partsOf(b, a)].toSorted((x, y) => y.agreement - x.agreement)
  return Math.max(...[besideEachOther(a, b), ...parts.slice(0, MEASURED)].map(measure))
}

function prepare(photo: Photo, thumbnail: Uint8Array): Photo {
  const { sums, whole, coarse, parts } = photo
  addUp(thumbnail, GREY_SIDE, sums)
  fill(whole, sums, BLUR)
  for (const plane of [coarse, ...parts]) fill(plane, sums, COARSE_BLUR)
  return photo
}

function besideEachOther(under: Photo, over: Photo): Laid {
  const best = bestPlace(-FURTHEST, FURTHEST, (x, y) => correlationAt(under.coarse, over.coarse, x, y))
  return { under, over, side: COARSE_SIDE, ...best }
}

/** For each size, where `over` agrees best with a part of `under`. */
function partsOf(under: Photo, over: Photo): Laid[] {
  return over.parts.map((part) => {
    const { side } = part
    const best = bestPlace(0, COARSE_SIDE - side, (x, y) => correlationAt(under.coarse, part, x, y))
    return { under, over, side, ...best }
  })
}

/** How well they agree at the whole size, there or a pixel further. */
function measure({ under, over, side, x, y }: Laid): number {
  const part = side === COARSE_SIDE ? over.whole : fill(fine.get(side)!, over.sums, BLUR)
  let best = -1
  for (let j = 2 * y - 1; j <= 2 * y + 1; j++)
    for (let i = 2 * x - 1; i <= 2 * x + 1; i++) best = Math.max(best, correlationAt(under.whole, part, i, j))
  return best
}

function bestPlace(from: number, to: number, agreementAt: (x: number, y: number) => number) {
  const best = { x: from, y: from, agreement: -1 }
  for (let y = from; y <= to; y++)
    for (let x = from; x <= to; x++) {
      const agreement = agreementAt(x, y)
      if (agreement > best.agreement) Object.assign(best, { x, y, agreement })
    }
  return best
}

/** Where they overlap, with the upper left corner of `b` at (x, y) of `a`, inside of it or not. */
function correlationAt(a: Plane, b: Plane, x: number, y: number): number {
  const [left, top] = [Math.max(0, x), Math.max(0, y)]
  const [width, height] = [Math.min(a.side, x + b.side) - left, Math.min(a.side, y + b.side) - top]
  return correlation(a, left, top, b, left - x, top - y, width, height)
}

function correlation(
  a: Plane,
  ax: number,
  ay: number,
  b: Plane,
  bx: number,
  by: number,
  width: number,
  height: number
): number {
  const ours = a.values
  const theirs = b.values
  let product = 0
  for (let y = 0; y < height; y++) {
    let i = (ay + y) * a.side + ax
    let j = (by + y) * b.side + bx
    for (const end = i + width; i < end; i++) product += ours[i]! * theirs[j++]!
  }
  const count = width * height
  const sumA = boxSum(a.sums, a.side + 1, ax, ay, width, height)
  const sumB = boxSum(b.sums, b.side + 1, bx, by, width, height)
  const varianceA = boxSum(a.squares, a.side + 1, ax, ay, width, height) - (sumA * sumA) / count
  const varianceB = boxSum(b.squares, b.side + 1, bx, by, width, height) - (sumB * sumB) / count
  // A wall without an edge agrees with nothing.
  if (varianceA < count || varianceB < count) return 0
  return (product - (sumA * sumB) / count) / Math.sqrt(varianceA * varianceB)
}

/** Fills a plane with a thumbnail, given by its running sums, without the mean of each pixel's surroundings. */
function fill(plane: Plane, thumbnail: Float64Array, blur: number): Plane {
  const { side, values, sums, squares } = plane
  shrink(thumbnail, side, small)
  addUp(small, side, smallSums)
  for (let y = 0, at = 0; y < side; y++) {
    const top = Math.max(0, y - blur)
    const height = Math.min(side, y + blur + 1) - top
    for (let x = 0; x < side; x++, at++) {
      const left = Math.max(0, x - blur)
      const width = Math.min(side, x + blur + 1) - left
      const edge = small[at]! - boxSum(smallSums, side + 1, left, top, width, height) / (width * height)
      values[at] = edge
      squared[at] = edge * edge
    }
  }
  addUp(values, side, sums)
  addUp(squared, side, squares)
  return plane
}

/** Fills in the (side + 1)² sums of all that is above and to the left. */
function addUp(values: ArrayLike<number>, side: number, sums: Float64Array): void {
  const row = side + 1
  sums.fill(0, 0, row)
  for (let y = 0; y < side; y++) {
    let across = 0
    sums[(y + 1) * row] = 0
    for (let x = 0; x < side; x++) {
      across += values[y * side + x]!
      sums[(y + 1) * row + x + 1] = sums[y * row + x + 1]! + across
    }
  }
}

/** Of the box from (x, y) on. */
function boxSum(
  sums: Float64Array,
  row: number,
  x: number,
  y: number,
  width: number,
  height: number
): number {
  const top = y * row + x
  const bottom = top + height * row
  return sums[bottom + width]! - sums[top + width]! - sums[bottom]! + sums[top]!
}

/** Each pixel is the mean of the box that it covers, whose corners lie between pixels of the thumbnail. */
function shrink(thumbnail: Float64Array, side: number, into: Float64Array): void {
  const row = GREY_SIDE + 1
  const step = GREY_SIDE / side
  for (let j = 0, corner = 0; j <= side; j++) {
    const y = Math.min(Math.floor(j * step), GREY_SIDE - 1)
    const down = j * step - y
    for (let i = 0; i <= side; i++, corner++) {
      const x = Math.min(Math.floor(i * step), GREY_SIDE - 1)
      const right = i * step - x
      const at = y * row + x
      const above = thumbnail[at]! * (1 - right) + thumbnail[at + 1]! * right
      const below = thumbnail[at + row]! * (1 - right) + thumbnail[at + row + 1]! * right
      corners[corner] = above * (1 - down) + below * down
    }
  }
  const area = step * step
  for (let y = 0, at = 0; y < side; y++)
    for (let x = 0; x < side; x++, at++) into[at] = boxSum(corners, side + 1, x, y, 1, 1) / area
}
