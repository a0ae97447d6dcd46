import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EdgeloopError } from '../errors/index.ts'
import { createRandom } from './random.ts'

const draw = (seed: string | number, count: number) => {
  const random = createRandom(seed)
  return Array.from({ length: count }, () => random.next())
}

describe('createRandom', () => {
  it('repeats itself for a seed, and differs between seeds', () => {
    expect(draw(7, 100)).toEqual(draw('7', 100))
    expect(draw(7, 100)).not.toEqual(draw(8, 100))
  })

  it('stays the same from release to release, so that a seed names a run for good', () => {
    const random = createRandom('edgeloop')
    expect([random.integer(1000), random.integer(1000), random.integer(1000)]).toEqual([747, 944, 706])
  })

  it('is uniform: mean, variance and the share of each tenth', () => {
    const numbers = draw('uniform', 100_000)
    const mean = numbers.reduce((sum, number) => sum + number, 0) / numbers.length
    const variance = numbers.reduce((sum, number) => sum + (number - mean) ** 2, 0) / numbers.length
    expect(mean).toBeCloseTo(1 / 2, 2)
    expect(variance).toBeCloseTo(1 / 12, 2)
    const tenths = new Array<number>(10).fill(0)
    for (const number of numbers) tenths[Math.floor(number * 10)]! += 1
    for (const tenth of tenths) expect(Math.abs(tenth - 10_000)).toBeLessThan(500)
  })

  it('draws normally distributed numbers', () => {
    const random = createRandom('normal')
    const numbers = Array.from({ length: 100_000 }, () => random.normal(3, 2))
    const mean = numbers.reduce((sum, number) => sum + number, 0) / numbers.length
    const deviation = Math.sqrt(numbers.reduce((sum, n) => sum + (n - mean) ** 2, 0) / numbers.length)
    const within = numbers.filter((number) => Math.abs(number - 3) < 2).length / numbers.length
    expect(mean).toBeCloseTo(3, 1)
    expect(deviation).toBeCloseTo(2, 1)
    expect(within).toBeCloseTo(0.6827, 2)
  })

  it('keeps integers, intervals and picks in their range', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 1000 }), (seed, below) => {
        const random = createRandom(seed)
        const integer = random.integer(below)
        const between = random.between(-below, below)
        expect(Number.isInteger(integer) && integer >= 0 && integer < below).toBe(true)
        expect(between >= -below && between < below).toBe(true)
        expect(['a', 'b']).toContain(random.pick(['a', 'b']))
      })
    )
  })

  it('refuses to pick from nothing', () => {
    expect(() => createRandom(1).pick([])).toThrow(EdgeloopError)
  })

  it('shuffles without losing, adding or touching what it was given', () => {
    fc.assert(
      fc.property(fc.string(), fc.array(fc.integer()), (seed, items) => {
        const before = [...items]
        const shuffled = createRandom(seed).shuffle(items)
        expect(items).toEqual(before)
        expect([...shuffled].sort((a, b) => a - b)).toEqual([...before].sort((a, b) => a - b))
      })
    )
  })

  it('gives every order of three the same chance', () => {
    const random = createRandom('orders')
    const counts = new Map<string, number>()
    for (let draw = 0; draw < 6000; draw++) {
      const order = random.shuffle(['a', 'b', 'c']).join('')
      counts.set(order, (counts.get(order) ?? 0) + 1)
    }
    expect(counts.size).toBe(6)
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(150)
  })

  it('forks by name, whatever was drawn before', () => {
    const fresh = createRandom(5)
    const used = createRandom(5)
    used.next()
    expect(used.fork('scene').next()).toBe(fresh.fork('scene').next())
    expect(fresh.fork('scene').next()).not.toBe(fresh.fork('other').next())
  })
})
