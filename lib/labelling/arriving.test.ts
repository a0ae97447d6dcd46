import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Answer, lastSaid, type PhotoAnswers, withArrived, withTakenBack } from './index.ts'

const nothing: PhotoAnswers = { photo: 'ab'.repeat(32), audit: false, predicted: null, answers: [] }
const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString()
const said = (by: string, second: number, label: string | null = 'ant'): Answer => ({
  ...{ by, label, at: at(second), among: ['ant', 'bee'] },
})

describe('answers that arrive', () => {
  it('late, twice and in any order amount to what each person said last', () => {
    const moments = fc.uniqueArray(
      fc.record({
        by: fc.constantFrom('ana', 'ben'),
        second: fc.nat(20),
        label: fc.constantFrom('ant', 'bee', null, 'taken back'),
      }),
      { selector: ({ by, second }) => `${by} ${second}`, maxLength: 12 }
    )
    const arriving = moments.chain((all) =>
      fc.tuple(
        fc.constant(all),
        fc.shuffledSubarray(all),
        fc.shuffledSubarray(all, { minLength: all.length })
      )
    )
    fc.assert(
      fc.property(arriving, ([all, some, again]) => {
        let record = nothing
        for (const { by, second, label } of [...some, ...again])
          record =
            (label === 'taken back'
              ? withTakenBack(record, { by, at: at(second) })
              : withArrived(record, said(by, second, label))) ?? record
        for (const by of ['ana', 'ben']) {
          const last = all.filter((each) => each.by === by).sort((a, b) => b.second - a.second)[0]
          const expected = last && last.label !== 'taken back' ? [said(by, last.second, last.label)] : []
          expect(record.answers.filter((each) => each.by === by)).toEqual(expected)
          expect(lastSaid(record, by)).toBe(last && Date.parse(at(last.second)))
        }
      })
    )
  })

  it('change nothing where they are known', () => {
    const record = withArrived(nothing, said('ana', 5))!
    expect(withArrived(record, said('ana', 5))).toBeUndefined()
    expect(withArrived(record, said('ana', 4, 'bee'))).toBeUndefined()
    expect(withTakenBack(record, { by: 'ana', at: at(5) })).toBeUndefined()
    const back = withTakenBack(record, { by: 'ana', at: at(6) })!
    expect(back).toMatchObject({ answers: [], takenBack: [{ by: 'ana', at: at(6) }] })
    expect(withTakenBack(back, { by: 'ana', at: at(6) })).toBeUndefined()
    expect(withArrived(back, said('ana', 7))).toEqual({
      ...nothing,
      answers: [said('ana', 7)],
    })
  })

  it('count the moments, not how they are written', () => {
    const record = withArrived(nothing, { ...said('ana', 5), at: '2026-01-01T00:00:05.500Z' })!
    expect(withArrived(record, { ...said('ana', 5), at: '2026-01-01T00:00:05Z' })).toBeUndefined()
  })
})
