import { describe, expect, it } from 'vitest'
import { createRandom } from '../../lib/random/index.ts'
import { stratifiedFolds } from './folds.ts'
import { measure } from './metrics.ts'
import { fitTemperature, negativeLogLikelihood } from './temperature.ts'
import { balanceClasses } from './weights.ts'

/** Logits whose softmax at `temperature` is the truth's own distribution. */
function draw(n: number, temperature: number, seed: number) {
  const normal = createRandom(seed).normal
  const random = createRandom(seed + 1).next
  const logits = Array.from({ length: n }, () => Float64Array.from({ length: 3 }, () => 4 * normal()))
  const targets = logits.map((row) => {
    const parts = row.map((value) => Math.exp(value / temperature))
    let left = random() * parts.reduce((a, b) => a + b)
    return Math.max(
      0,
      parts.findIndex((part) => {
        left -= part
        return left < 0
      })
    )
  })
  return { logits, targets, weights: new Float64Array(n).fill(1) }
}

describe('the temperature', () => {
  it.each([0.5, 1, 2.5])('recovers %d from many answers', (truth) => {
    const { logits, targets, weights } = draw(4000, truth, 3)
    expect(fitTemperature(logits, targets, weights, { centre: 1, spread: 0.5 }) / truth).toBeCloseTo(1, 1)
  })

  it('stays near the centre with few answers, and at it with none', () => {
    const { logits, targets, weights } = draw(8, 1, 4)
    const right = logits.map((row) => row.indexOf(Math.max(...row)))
    const shrunken = fitTemperature(logits, right, weights, { centre: 1, spread: 0.3 })
    expect(shrunken).toBeGreaterThan(0.4)
    expect(shrunken).toBeLessThan(1)
    expect(fitTemperature(logits, targets, new Float64Array(8), { centre: 1.5, spread: 0.3 })).toBeCloseTo(
      1.5,
      3
    )
    expect(fitTemperature([], [], [], { centre: 1.5, spread: 0.3 })).toBeCloseTo(1.5, 3)
  })

  it('minimises what it says', () => {
    const { logits, targets, weights } = draw(50, 2, 5)
    const prior = { centre: 1, spread: 0.4 }
    const cost = (temperature: number) =>
      Math.log(temperature) ** 2 / (2 * 0.4 ** 2) +
      logits.reduce((sum, row, i) => sum + negativeLogLikelihood(row, targets[i]!, temperature), 0)
    const best = fitTemperature(logits, targets, weights, prior)
    for (const factor of [0.9, 0.99, 1.01, 1.1]) expect(cost(best * factor)).toBeGreaterThan(cost(best))
  })
})

describe('metrics', () => {
  const scores = [
    [0.8, 0.1, 0.1],
    [0.3, 0.6, 0.1],
    [0.4, 0.5, 0.1],
    [0.1, 0.2, 0.7],
  ]

  it('counts', () => {
    const metrics = measure(['a', 'b', 'c'], [0, 0, 1, 2], scores)
    expect(metrics.accuracy).toBe(0.75)
    expect(metrics.balancedAccuracy).toBeCloseTo((0.5 + 1 + 1) / 3, 12)
    expect(metrics.confusion).toEqual([
      [1, 1, 0],
      [0, 1, 0],
      [0, 0, 1],
    ])
    expect(metrics.perClass.a).toEqual({ samples: 2, recall: 0.5, precision: 1 })
    expect(metrics.logLoss).toBeCloseTo(
      -(Math.log(0.8) + Math.log(0.3) + Math.log(0.5) + Math.log(0.7)) / 4,
      12
    )
    expect(metrics.calibrationError).toBeCloseTo((0.2 + 0.6 + 0.5 + 0.3) / 4, 12)
    expect(metrics.calibrationBins.reduce((sum, bin) => sum + bin.samples, 0)).toBe(4)
  })

  it('leaves out what it does not know', () => {
    const metrics = measure(['a', 'b'], [0], [[1, 0]])
    expect(metrics.perClass.b).toEqual({ samples: 0, recall: null, precision: null })
    expect(metrics).toMatchObject({ accuracy: 1, balancedAccuracy: 1, logLoss: 0, calibrationError: 0 })
    expect(() => measure(['a', 'b'], [], [])).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
  })
})

describe('folds and weights', () => {
  it('spread each class evenly and never hold out the only one of its kind', () => {
    const targets = [0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 2]
    const folds = stratifiedFolds(targets, 3, 5)
    expect(folds[10]).toBe(-1)
    for (let fold = 0; fold < 5; fold++) {
      const of = (k: number) => targets.filter((target, i) => target === k && folds[i] === fold).length
      expect(of(0)).toBeGreaterThanOrEqual(1)
      expect(of(0)).toBeLessThanOrEqual(2)
      expect(of(1)).toBeLessThanOrEqual(1)
      expect(of(0) + of(1)).toBe(2)
    }
  })

  it('balance classes without changing the sum', () => {
    expect([...balanceClasses(Float64Array.of(1, 1, 1, 3, 0), [0, 0, 0, 1, 2], 3)]).toEqual([1, 1, 1, 3, 0])
    expect([...balanceClasses(Float64Array.of(1, 2, 1), [0, 0, 1], 2)]).toEqual([2 / 3, 4 / 3, 2])
  })
})
