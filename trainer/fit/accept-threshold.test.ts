import { describe, expect, it } from 'vitest'
import { acceptThreshold, type Opinion } from './accept-threshold.ts'

const opinions = (count: number, confidence: number, right = true): Opinion[] =>
  Array.from({ length: count }, () => ({ confidence, given: right ? confidence : 1 - confidence }))

describe('the confidence from which photos are accepted', () => {
  it.each<[string, Opinion[], number]>([
    ['is 0.95 where nothing is known', [], 0.95],
    ['is not raised by what may be chance', [...opinions(20, 0.97), ...opinions(1, 0.96, false)], 0.95],
    ['is not lowered by a model that is always right', opinions(1000, 0.9), 0.95],
    ['is where it is not certain any more', [...opinions(300, 0.99), ...opinions(12, 0.965, false)], 0.97],
    ['is 1 where nothing is safe', opinions(50, 1, false), 1],
  ])('%s', (_, given, expected) => expect(acceptThreshold(given)).toBe(expected))
})
