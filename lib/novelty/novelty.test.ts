import { describe, expect, it } from 'vitest'
import { createRandom } from '../random/index.ts'
import { decodeNovelty, encodeNovelty, fitNovelty, type Novelty, noveltyScorer } from './index.ts'

const D = 24

/** Photos of one kind: they share a large part, have a direction of their own, and differ a little. */
function kind(name: string, count: number): Float32Array[] {
  const random = createRandom(`kind ${name}`)
  const own = Float32Array.from({ length: D }, () => random.normal(0, 1))
  const each = createRandom(`photos ${name}`)
  return Array.from({ length: count }, () =>
    Float32Array.from(own, (value, d) => 20 + d + value + each.normal(0, 0.5))
  )
}
const known = [...kind('cat', 60), ...kind('dog', 60)]
const others = [...kind('cat', 100).slice(60), ...kind('dog', 100).slice(60)]
const foreign = kind('squirrel', 40)

/** The plain way: everything is done anew without one of the photos. */
function distanceWithout(rows: readonly Float32Array[], i: number): number {
  const rest = rows.filter((_, j) => j !== i)
  const centre = Float64Array.from(
    { length: D },
    (_, d) => rest.reduce((sum, row) => sum + row[d]!, 0) / rest.length
  )
  const direction = (row: Float32Array) => {
    const from = Float64Array.from(row, (value, d) => value - centre[d]!)
    const length = Math.hypot(...from)
    return from.map((value) => value / length)
  }
  const own = direction(rows[i]!)
  const cosines = rest.map((row) => direction(row).reduce((sum, value, d) => sum + value * own[d]!, 0))
  const nearest = cosines.toSorted((a, b) => b - a).slice(0, 5)
  return 1 - nearest.reduce((sum, each) => sum + each, 0) / nearest.length
}

describe('what a model knows', () => {
  const novelty = fitNovelty({ known, foreign: [] })
  const score = noveltyScorer(novelty)

  it('keeps photos apart that are like nothing it has seen', () => {
    const beyond = (rows: readonly Float32Array[]) =>
      rows.filter((row) => score(row).distance > novelty.threshold).length / rows.length
    expect(beyond(foreign)).toBe(1)
    expect(beyond(others)).toBeLessThan(0.1)
  })

  it.each([0.03, 0.5])(
    'has its threshold where %d of the known photos would be lost, were they new',
    (lost) => {
      const few = known.filter((_, i) => i % 10 === 0)
      const distances = few.map((_, i) => distanceWithout(few, i)).toSorted((a, b) => a - b)
      const at = (few.length - 1) * (1 - lost)
      const [below, above] = [distances[Math.floor(at)]!, distances[Math.ceil(at)]!]
      const { threshold } = fitNovelty({ known: few, foreign: [], lost })
      expect(threshold).toBeCloseTo(below + (at % 1) * (above - below), 6)
    }
  )

  it('learns from what people called foreign', () => {
    const learnt = noveltyScorer(fitNovelty({ known, foreign: foreign.slice(0, 5) }))
    const isForeign = (row: Float32Array) => learnt(row).foreign! > learnt(row).known
    expect(foreign.slice(5).every(isForeign)).toBe(true)
    expect(others.some(isForeign)).toBe(false)
    expect(score(foreign[0]!).foreign).toBeNull()
  })

  it('answers for a photo in its very centre, and for photos that are all alike', () => {
    expect(score(novelty.centre)).toEqual({ distance: 1, known: 0, foreign: null })
    const same = Array.from({ length: 4 }, () => Float32Array.of(1, 2))
    const { threshold } = fitNovelty({ known: same, foreign: [] })
    expect(Number.isFinite(threshold)).toBe(true)
  })

  it('refuses features of another backbone, and too few photos', () => {
    expect(() => score(new Float32Array(3))).toThrow(
      expect.objectContaining({ code: 'INVALID_INPUT', message: expect.stringContaining(`${D} features`) })
    )
    expect(() => fitNovelty({ known: known.slice(0, 2), foreign: [] })).toThrow(
      expect.objectContaining({ code: 'INVALID_INPUT' })
    )
  })
})

describe('stored', () => {
  const novelty = fitNovelty({ known, foreign: foreign.slice(0, 7) })

  it('comes back as it was, from any offset, through JSON', () => {
    const { json, bytes } = encodeNovelty(novelty)
    const shifted = new Uint8Array(bytes.length + 3)
    shifted.set(bytes, 3)
    expect(decodeNovelty(JSON.parse(JSON.stringify(json)), shifted.subarray(3))).toEqual(novelty)
    expect(bytes.length).toBe(4 * D + 127 * D)
  })

  it('is CORRUPT where it is cut short, or no numbers', () => {
    const { json, bytes } = encodeNovelty(novelty)
    const corrupt = expect.objectContaining({ code: 'CORRUPT' })
    expect(() => decodeNovelty(json, bytes.subarray(1))).toThrow(corrupt)
    expect(() => decodeNovelty(json, new Uint8Array(bytes).fill(255, 0, 4))).toThrow(corrupt)
  })

  it('is as right as what was fitted', () => {
    const exact: Novelty = { ...novelty }
    const { json, bytes } = encodeNovelty(exact)
    const [a, b] = [noveltyScorer(exact), noveltyScorer(decodeNovelty(json, bytes))]
    for (const row of others) expect(b(row)).toEqual(a(row))
  })
})
