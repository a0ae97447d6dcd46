import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { judgePseudoLabels, type PhotoAnswers, pooledAudits } from './index.ts'

const LABELS = ['ant', 'bee', 'cat']
let seconds = 0

/** An audit that was answered after all others. */
function audit(
  label: string | null,
  more: Partial<PhotoAnswers> = {},
  others: (string | null)[] = []
): PhotoAnswers {
  const at = new Date(Date.UTC(2026, 0, 1) + ++seconds * 1000).toISOString()
  return {
    photo: createHash('sha256').update(at).digest('hex'),
    ...{ audit: true, predicted: 'ant' },
    answers: [label, ...others].map((each, i) => ({ by: `person ${i}`, at, label: each, among: LABELS })),
    ...more,
  }
}
const audits = (count: number, label: string | null) => Array.from({ length: count }, () => audit(label))

describe('audits', () => {
  it('count what people settled, and nothing else', () => {
    const records = [
      audit('ant'),
      audit('bee'),
      audit(null),
      // Two of three say so.
      audit('bee', {}, ['ant', 'ant']),
      audit('ant', {}, ['bee']),
      audit('bee', { audit: false }),
      audit('bee', { predicted: null }),
      audit('bee', { answers: [] }),
    ]
    expect(pooledAudits(records, LABELS)).toMatchObject({ answered: 4, wrong: 2 })
    // With another label, "neither" has to be asked again; that the prediction was wrong is known.
    expect(pooledAudits(records, [...LABELS, 'dog'])).toMatchObject({ answered: 4, wrong: 2 })
  })

  it('stop pseudo-labels once more than 2 % are wrong with 90 % confidence, and let them go on likewise', () => {
    const few = [...audits(388, 'ant'), ...audits(12, 'bee')]
    expect(pooledAudits(few, LABELS).lower).toBeCloseTo(0.01965, 5)
    expect(judgePseudoLabels(pooledAudits(few, LABELS)).stopped).toBe(false)

    const many = [...few, ...audits(1, 'bee')]
    const pooled = pooledAudits(many, LABELS)
    expect(pooled).toMatchObject({ answered: 400, wrong: 13, lower: expect.closeTo(0.02171, 5) })
    expect(judgePseudoLabels(pooled)).toEqual({
      stopped: true,
      why: '13 of the newest 400 audited pseudo-labels were wrong: at least 2.2 % of all (with 90 % confidence); 2.0 % are tolerated',
    })

    // The audits of a better model: those of the one before are forgotten.
    const better = [...many, ...audits(390, 'ant')]
    expect(pooledAudits(better, LABELS)).toMatchObject({ answered: 400, wrong: 10 })
    expect(judgePseudoLabels(pooledAudits(better.toReversed(), LABELS)).stopped).toBe(false)
  })

  it('stop nothing while there are none', () => {
    expect(judgePseudoLabels(pooledAudits([], LABELS))).toEqual({
      stopped: false,
      why: 'no pseudo-label has been audited yet',
    })
  })

  it('two wrong ones of three are enough', () => {
    expect(judgePseudoLabels(pooledAudits([audit('ant'), audit('bee'), audit(null)], LABELS)).stopped).toBe(
      true
    )
  })
})
