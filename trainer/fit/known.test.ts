import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Origin } from '../../lib/dataset/index.ts'
import { noveltyScorer } from '../../lib/novelty/index.ts'
import { createRandom } from '../../lib/random/index.ts'
import { fitKnown } from './known.ts'
import type { Sample } from './sample.ts'

const D = 16
const random = createRandom('known')
const centres = new Map<string, number[]>()

/** Photos of a label, near each other. */
function photos(label: string, count: number, origin: Origin = 'person'): Sample[] {
  const centre = centres.get(label) ?? Array.from({ length: D }, () => random.normal(0, 3))
  centres.set(label, centre)
  return Array.from({ length: count }, (_, i) => ({
    hash: createHash('sha256').update(`${label} ${origin} ${i}`).digest('hex'),
    features: Float32Array.from(centre, (value) => value + random.normal(0, 0.3)),
    label,
    origin,
    weight: 1,
  }))
}

describe('what a training run leaves of the photos it knows', () => {
  it('is nothing while they are too few to say what is foreign', () => {
    expect(fitKnown(photos('cat', 19), [], 1)).toBeUndefined()
    expect(fitKnown(photos('cat', 20), [], 1)).toBeDefined()
  })

  it('is as many of each label as there are, people first, and no more than 400', () => {
    const samples = [...photos('cat', 900, 'pseudo'), ...photos('cat', 30), ...photos('dog', 40)]
    const known = fitKnown(samples, [], 1)!
    expect(known.known.length / D).toBe(400)
    // All dogs are known, though there are few: none is foreign.
    const score = noveltyScorer(known)
    for (const { features } of photos('dog', 40)) expect(score(features).known).toBeGreaterThan(0.9)
    expect(fitKnown(samples.toReversed(), [], 1)).toEqual(known)
  })

  it('holds some of what people called foreign', () => {
    const known = fitKnown(photos('cat', 30), photos('squirrel', 250), 1)!
    expect(known.foreign.length / D).toBe(200)
  })
})
