import { describe, expect, it } from 'vitest'
import { binomialBounds } from './index.ts'

describe('bounds of a share', () => {
  it('are those of Clopper and Pearson', () => {
    // As the beta distribution's quantiles give them: qbeta(0.05, 5, 16) and qbeta(0.95, 6, 15) in R.
    const { lower, upper } = binomialBounds(5, 20, 0.95)
    expect(lower).toBeCloseTo(0.1040808, 7)
    expect(upper).toBeCloseTo(0.455582404, 7)
    expect(binomialBounds(300, 1000, 0.975).lower).toBeCloseTo(0.27172111, 7)
    expect(binomialBounds(300, 1000, 0.975).upper).toBeCloseTo(0.32946168, 7)
  })

  it('have a closed form where there are only hits, or none', () => {
    expect(binomialBounds(0, 10)).toEqual({ lower: 0, upper: expect.closeTo(1 - 0.1 ** (1 / 10), 12) })
    expect(binomialBounds(10, 10)).toEqual({ lower: expect.closeTo(0.1 ** (1 / 10), 12), upper: 1 })
    expect(binomialBounds(0, 0)).toEqual({ lower: 0, upper: 1 })
  })

  it('hold as often as they say, whatever the share is', () => {
    const trials = 40
    for (const share of [0.01, 0.02, 0.1, 0.5, 0.93]) {
      let [below, above] = [0, 0]
      let chance = (1 - share) ** trials
      for (let hits = 0; hits <= trials; hits++) {
        const { lower, upper } = binomialBounds(hits, trials)
        if (lower > share) below += chance
        if (upper < share) above += chance
        chance *= ((trials - hits) / (hits + 1)) * (share / (1 - share))
      }
      expect(below).toBeLessThanOrEqual(0.1)
      expect(above).toBeLessThanOrEqual(0.1)
    }
  })

  it('do not underflow with many trials', () => {
    const { lower, upper } = binomialBounds(50_000, 100_000)
    expect([lower, upper]).toEqual([expect.closeTo(0.498, 3), expect.closeTo(0.502, 3)])
  })
})
