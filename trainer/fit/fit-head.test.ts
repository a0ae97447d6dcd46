import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeHead, encodeHead, predictScores, rankScores } from '../../lib/head/index.ts'
import { FIT_DEFAULTS, type FitProgress, fitHead, type Sample } from './index.ts'
import { cloudSamples } from './synthetic.ts'

const labels = ['ant', 'bee', 'cow']
const samples = cloudSamples({ counts: { ant: 20, bee: 20, cow: 20 }, dimensions: 24, distance: 7, seed: 1 })
/** The second half of each cloud. */
const later = (count: number, of: readonly Sample[]) => of.filter((_, i) => i % 20 >= count)
const earlier = (count: number, of: readonly Sample[]) => of.filter((_, i) => i % 20 < count)

const accuracy = (head: Parameters<typeof predictScores>[0], of: readonly Sample[]) =>
  of.filter(
    ({ features, label }) => rankScores(head.labels, predictScores(head, features))[0]!.label === label
  ).length / of.length

describe('fitHead', () => {
  it('learns three labels and says how well', async () => {
    const { head, report } = await fitHead({ samples: earlier(10, samples), labels, seed: 1 })
    expect(accuracy(head, later(10, samples))).toBeGreaterThan(0.9)
    expect(report.outOfFold!.samples).toBe(30)
    expect(report.samples).toMatchObject({ used: 30, dimensions: 24, byLabel: { ant: 10, bee: 10, cow: 10 } })
    expect(report.solver.converged).toBe(true)
    expect(decodeHead(encodeHead(head).json, encodeHead(head).bytes)).toEqual(head)
  })

  it('gives the same head in whatever order the samples come', async () => {
    const first = await fitHead({ samples, labels, seed: 4 })
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(samples, { minLength: samples.length }), async (shuffled) => {
        expect((await fitHead({ samples: shuffled, labels, seed: 4 })).head).toEqual(first.head)
      }),
      { numRuns: 10 }
    )
  })

  it('learns from one sample a class, with the prior as temperature', async () => {
    const { head, report } = await fitHead({ samples: earlier(1, samples), labels, seed: 1 })
    expect(report.outOfFold).toBeNull()
    expect(head.temperature).toBeCloseTo(FIT_DEFAULTS.temperaturePrior.centre, 3)
    expect(accuracy(head, earlier(1, samples))).toBe(1)
  })

  it('is not disturbed by dead and constant features', async () => {
    const shape = fc.record({
      dead: fc.array(fc.integer({ min: 0, max: 23 })),
      value: fc.constantFrom(0, 1, -6e4, 1e-7),
    })
    await fc.assert(
      fc.asyncProperty(shape, async ({ dead, value }) => {
        const dulled = earlier(4, samples).map((sample) => {
          const features = Float32Array.from(sample.features)
          for (const d of dead) features[d] = value
          return { ...sample, features }
        })
        const { head } = await fitHead({ samples: dulled, labels, seed: 2 })
        for (const part of [head.weights, head.bias, head.mean, head.scale]) {
          expect(part.every(Number.isFinite)).toBe(true)
        }
        expect(encodeHead(head).bytes.length).toBeGreaterThan(0)
      }),
      { numRuns: 20 }
    )
  })

  it('survives samples that are all alike', async () => {
    const alike = earlier(2, samples).map((sample) => ({ ...sample, features: new Float32Array(3).fill(2) }))
    const { head } = await fitHead({ samples: alike, labels, seed: 1 })
    expect(
      [...predictScores(head, new Float32Array(3))].every((score) => Math.abs(score - 1 / 3) < 1e-3)
    ).toBe(true)
  })

  it('keeps a rare class alive', async () => {
    const counts = { common: 300, rare: 3 }
    const seen = cloudSamples({ counts, dimensions: 30, distance: 6, seed: 8 })
    const { head } = await fitHead({
      samples: seen.filter((_, i) => i < 200 || i >= 300),
      labels: ['common', 'rare'],
      seed: 1,
    })
    expect(accuracy(head, seen.slice(200, 300))).toBeGreaterThan(0.9)
    expect(accuracy(head, seen.slice(300))).toBe(1)
  })

  it('caps pseudo-labels by what people said, per class', async () => {
    const pseudo = cloudSamples({
      counts: { ant: 50, bee: 4, cow: 0 },
      dimensions: 24,
      distance: 6,
      seed: 1,
      origin: 'pseudo',
    })
    const { report } = await fitHead({
      samples: [...earlier(3, samples), ...pseudo],
      labels,
      seed: 1,
      parameters: { pseudoPerLabel: 2 },
    })
    expect(report.samples).toMatchObject({
      byOrigin: { seed: 0, person: 9, audit: 0, pseudo: 10 },
      byLabel: { ant: 9, bee: 7, cow: 3 },
      pseudoLeftOut: 44,
    })
    expect(report.outOfFold!.samples).toBe(9)
  })

  it('says how probable each given label is to models that did not see it', async () => {
    const wrong = { ...samples[0]!, label: 'cow' }
    const lonely = { ...samples[21]!, hash: 'lonely', label: 'dog' }
    const given = [wrong, ...samples.slice(1), lonely]
    const { outOfFold } = await fitHead({ samples: given, labels: [...labels, 'dog'], seed: 1 })
    expect(outOfFold.get(wrong.hash)).toBeLessThan(0.05)
    // No fold could learn the only dog.
    expect(outOfFold.has('lonely')).toBe(false)
    const others = samples.slice(1).map(({ hash }) => outOfFold.get(hash)!)
    expect(others).toHaveLength(59)
    expect(others.filter((probability) => probability > 0.5).length).toBeGreaterThan(50)
    const again = await fitHead({ samples: given.toReversed(), labels: [...labels, 'dog'], seed: 1 })
    expect(again.outOfFold).toEqual(outOfFold)
  })

  it('reports progress up to the end', async () => {
    const seen: FitProgress[] = []
    await fitHead({ samples, labels, seed: 1, onProgress: (progress) => seen.push(progress) })
    expect(seen.map(({ done }) => done)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect(seen.at(-1)).toEqual({ step: 'calibrate', done: 8, total: 8 })
  })

  const one = samples[0]!
  const missing: [string, Partial<Parameters<typeof fitHead>[0]>, string][] = [
    ['no samples', { samples: [] }, "'ant', 'bee', 'cow'"],
    ['a label that nobody gave', { samples: earlier(3, samples).slice(0, 6) }, "'cow'"],
    [
      'a label that only the model gave',
      { samples: earlier(3, samples).map((s) => (s.label === 'bee' ? { ...s, origin: 'pseudo' } : s)) },
      "'bee'",
    ],
    ['one label', { labels: ['ant'] }, 'two or more'],
    ['an unknown label', { labels: ['ant', 'bee'] }, "'cow'"],
    ['a photo twice', { samples: [...samples, one] }, 'twice'],
    [
      'features of another backbone',
      { samples: [...samples, { ...one, hash: 'x', features: new Float32Array(2) }] },
      'x has 2 features',
    ],
    [
      'features that are not finite',
      { samples: [...samples, { ...one, hash: 'y', features: one.features.map(() => Number.NaN) }] },
      'y',
    ],
    ['a negative weight', { samples: [...samples, { ...one, hash: 'z', weight: -1 }] }, 'weight -1'],
  ]
  it.each(missing)('says what is missing: %s', async (_, change, words) => {
    await expect(fitHead({ samples, labels, seed: 1, ...change })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining(words),
    })
  })
})
