import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { judge } from './judge.ts'
import { studentT } from './student-t.ts'

/** Rows of two scores, from the probability of the truth (label 0). */
const rows = (truth: number[]) => truth.map((p) => [p, 1 - p])
const truths = (n: number) => new Int32Array(n)
const fill = (n: number, p: number) => Array.from({ length: n }, () => p)

describe('the gate', () => {
  it('promotes the first model', () => {
    const judgement = judge({ truths: truths(2), candidate: rows([0.9, 0.4]) })
    expect(judgement).toMatchObject({ verdict: 'promote', candidate: { right: 1, accuracy: 0.5 } })
    expect(judgement.why).toContain('1 of 2')
  })

  it('promotes a better model, with the figures', () => {
    const judgement = judge({
      truths: truths(4),
      candidate: rows([0.9, 0.9, 0.8, 0.9]),
      serving: rows([0.8, 0.8, 0.8, 0.3]),
    })
    expect(judgement.verdict).toBe('promote')
    const gains = [0.9 / 0.8, 0.9 / 0.8, 1, 3].map(Math.log)
    const mean = gains.reduce((a, b) => a + b) / 4
    const variance = gains.reduce((sum, gain) => sum + (gain - mean) ** 2, 0) / 3
    expect(judgement.comparison).toMatchObject({ lost: 0, gained: 1 })
    expect(judgement.comparison!.gain).toBeCloseTo(mean, 10)
    expect(judgement.comparison!.standardError).toBeCloseTo(Math.sqrt(variance / 4), 10)
  })

  it('lets one golden photo go, not two, whatever else is won', () => {
    const serving = rows([...fill(2, 0.55), ...fill(18, 0.4), ...fill(20, 0.7)])
    const losing = (n: number) =>
      rows([...fill(n, 0.45), ...fill(2 - n, 0.55), ...fill(18, 0.9), ...fill(20, 0.9)])
    expect(judge({ truths: truths(40), candidate: losing(1), serving }).verdict).toBe('promote')
    const two = judge({ truths: truths(40), candidate: losing(2), serving })
    expect(two).toMatchObject({ verdict: 'inconclusive', comparison: { lost: 2, gained: 18 } })
    expect(judge({ truths: truths(40), candidate: losing(2), serving, rules: { mayLose: 2 } }).verdict).toBe(
      'promote'
    )
  })

  it('refuses a worse model', () => {
    const serving = rows([0.9, 0.92, 0.95, 0.9])
    expect(judge({ truths: truths(4), candidate: rows([0.8, 0.85, 0.9, 0.8]), serving }).verdict).toBe(
      'refuse'
    )
    expect(
      judge({ truths: truths(4), candidate: rows(fill(4, 0.8)), serving: rows(fill(4, 0.9)) })
    ).toMatchObject({
      verdict: 'refuse',
      comparison: { pWorse: 0 },
    })
  })

  it('keeps serving when nothing is clear', () => {
    const same = rows([0.9, 0.8])
    expect(judge({ truths: truths(2), candidate: same, serving: same })).toMatchObject({
      verdict: 'inconclusive',
      comparison: { gain: 0, pWorse: 0.5 },
    })
    const candidate = rows([...fill(10, 0.91), 0.5, 0.9])
    const serving = rows([...fill(10, 0.9), 0.6, 0.9])
    expect(judge({ truths: truths(12), candidate, serving }).verdict).toBe('inconclusive')
  })

  it('bounds what one photo can do', () => {
    const judgement = judge({ truths: truths(2), candidate: rows([0, 1]), serving: rows([1, 1]) })
    expect(Number.isFinite(judgement.comparison!.gain)).toBe(true)
  })

  it('counts a tie as wrong', () => {
    expect(judge({ truths: truths(1), candidate: rows([0.5]) }).candidate.right).toBe(0)
  })

  it.each([
    ['no golden photos', { truths: [], candidate: [] }],
    ['too few answers', { truths: [0, 1], candidate: [[1, 0]] }],
    ['too few answers of the serving model', { truths: [0], candidate: [[1, 0]], serving: [] }],
    ['a truth that is no label', { truths: [2], candidate: [[1, 0]] }],
    ['scores that are none', { truths: [0], candidate: [[0.5, Number.NaN]] }],
  ])('says what is wrong: %s', (_, request) => {
    expect(() => judge(request)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
  })

  it('turns round when the models change places', () => {
    const score = fc.double({ min: 0.001, max: 0.999, noNaN: true })
    fc.assert(
      fc.property(fc.array(fc.tuple(score, score), { minLength: 2, maxLength: 30 }), (pairs) => {
        const [a, b] = [rows(pairs.map(([p]) => p)), rows(pairs.map(([, p]) => p))]
        const there = judge({ truths: truths(pairs.length), candidate: a, serving: b }).comparison!
        const back = judge({ truths: truths(pairs.length), candidate: b, serving: a }).comparison!
        expect(there.gain).toBeCloseTo(-back.gain, 10)
        expect(there.pWorse).toBeCloseTo(back.pBetter, 10)
      })
    )
  })
})

describe("Student's t", () => {
  // Percentiles from the usual printed tables.
  it.each([
    [1, 1, 0.75],
    [1.885618, 2, 0.9],
    [2.015048, 5, 0.95],
    [2.228139, 10, 0.975],
    [-1.657759, 119, 0.05],
    [0, 7, 0.5],
  ])('P(T ≤ %d) with %i degrees of freedom is %d', (t, freedom, p) => {
    expect(studentT(t, freedom)).toBeCloseTo(p, 5)
  })
})
