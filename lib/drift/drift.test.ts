import { expect, it } from 'vitest'
import { createRandom, type Random } from '../random/index.ts'
import { judgeDrift } from './index.ts'

const USUAL = { mean: 0.4, deviation: 0.1, photos: 100 }
const distances = (count: number, mean: number, random: Random = createRandom('drift')) =>
  Array.from({ length: count }, () => random.normal(mean, 0.1))

it('is seen where all photos are a little further away than usual', () => {
  const { photos, distance, deviation, drifting } = judgeDrift(distances(40, 0.51), USUAL)
  expect({ photos, drifting }).toEqual({ photos: 40, drifting: true })
  expect(distance).toBeCloseTo(0.51, 1)
  expect(deviation).toBeGreaterThan(4)
})

it('is not seen in a few photos, however far they are, nor in none, nor where all were the same', () => {
  expect(judgeDrift(distances(9, 2), USUAL).drifting).toBe(false)
  expect(judgeDrift(distances(10, 2), USUAL).drifting).toBe(true)
  expect(judgeDrift([], USUAL)).toEqual({ photos: 0, distance: 0.4, deviation: 0, drifting: false })
  expect(judgeDrift(distances(40, 1), { ...USUAL, deviation: 0 }).drifting).toBe(false)
})

it('is over when the latest photos are as usual again', () => {
  expect(judgeDrift([...distances(40, 1), ...distances(40, 0.4)], USUAL)).toMatchObject({
    photos: 40,
    drifting: false,
  })
})

it('is not seen in 4,000 photos as they usually are', () => {
  const all = distances(4000, 0.4, createRandom('quiet'))
  expect(all.filter((_, i) => judgeDrift(all.slice(Math.max(0, i - 39), i + 1), USUAL).drifting)).toEqual([])
})
