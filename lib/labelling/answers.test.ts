import { describe, expect, it } from 'vitest'
import { type Answer, hasAnswered, outcomeOf, wantsAnswer, withAnswer, withoutAnswer } from './index.ts'

const LABELS = ['ant', 'bee', 'cat', 'dog', 'eel']

/** Answers of as many people, in this order. */
function answers(...labels: (string | null)[]): Answer[] {
  return labels.map((label, i) => given(label, `person ${i}`))
}

function given(label: string | null, by: string, among = LABELS): Answer {
  return { by, at: '2026-01-01T00:00:00.000Z', label, among }
}

const label = (name: string) => ({ kind: 'label', label: name })

describe('what answers amount to', () => {
  it.each([
    [[], { kind: 'open' }],
    [['ant'], label('ant')],
    [[null], { kind: 'neither' }],
    [['ant', 'ant'], label('ant')],
    [['ant', 'bee'], { kind: 'disputed' }],
    [['ant', null], { kind: 'disputed' }],
    [['ant', 'bee', 'bee'], label('bee')],
    [['ant', null, null], { kind: 'neither' }],
    [['ant', 'bee', 'cat'], { kind: 'disputed' }],
    [['ant', 'bee', 'cat', 'cat'], label('cat')],
    [['ant', 'ant', 'cat', 'cat'], { kind: 'disputed' }],
    [['ant', 'ant', 'cat', 'cat', 'eel'], { kind: 'disputed' }],
    [['ant', 'ant', 'cat', 'cat', 'ant'], label('ant')],
  ] as const)('of %j: %j', (labels, outcome) => {
    expect(outcomeOf(answers(...labels), LABELS)).toEqual(outcome)
  })

  it('stays what it was when another label comes, but for "neither"', () => {
    const more = [...LABELS, 'fox']
    expect(outcomeOf(answers('ant'), more)).toEqual(label('ant'))
    expect(outcomeOf(answers(null, null), more)).toEqual({ kind: 'open' })
    expect(outcomeOf(answers('ant', null), more)).toEqual(label('ant'))
    expect(outcomeOf([given(null, 'ana', more)], more)).toEqual({ kind: 'neither' })
  })
})

describe('another person is asked', () => {
  it.each([
    [[], undefined, true],
    [['ant'], undefined, false],
    [['ant'], 'ant', true],
    // Another label than the one that is doubted: somebody has changed it since.
    [['ant'], 'bee', false],
    [['ant', 'ant'], 'ant', false],
    [['ant', 'bee'], undefined, true],
    [['ant', 'bee', 'cat', null], undefined, true],
    [['ant', 'bee', 'cat', null, 'dog'], undefined, false],
    [[null], undefined, false],
  ] as const)('after %j, with %s doubted: %s', (labels, doubted, wants) => {
    expect(wantsAnswer(answers(...labels), LABELS, doubted)).toBe(wants)
  })
})

it('one person has one answer, the last one', () => {
  const record = { answers: [given('ant', 'ana'), given('bee', 'ben')] }
  const changed = withAnswer(record, given('cat', 'ana'))
  expect(changed.answers.map(({ by, label }) => [by, label])).toEqual([
    ['ben', 'bee'],
    ['ana', 'cat'],
  ])
  expect(withoutAnswer(changed, 'ben').answers).toEqual([given('cat', 'ana')])
  expect(hasAnswered([given(null, 'ana')], LABELS, 'ana')).toBe(true)
  expect(hasAnswered([given(null, 'ana')], [...LABELS, 'fox'], 'ana')).toBe(false)
})
