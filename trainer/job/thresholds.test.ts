import { expect, it } from 'vitest'
import { thresholdsFor } from './thresholds.ts'

const samples = (label: string, count: number, origin: 'person' | 'pseudo' = 'person') =>
  Array.from({ length: count }, () => ({ label, origin }))
const chosen = (...counts: number[]) =>
  thresholdsFor(
    ['ant', 'bee'],
    counts.flatMap((count, i) => samples(['ant', 'bee'][i]!, count)),
    []
  )

it('accept nothing while some label has few answers', () => {
  expect(chosen(100, 4).accept).toBe(1)
  expect(chosen(100, 5).accept).toBe(0.95)
  expect(chosen(100, 0).accept).toBe(1)
})

it('ask about all that looks foreign while some label has few answers', () => {
  expect(chosen(100, 19).foreign).toBe(1)
  expect(chosen(20, 100).foreign).toBe(0.25)
})

it("count people's answers, not what models said", () => {
  const learnt = [...samples('ant', 30), ...samples('bee', 4), ...samples('bee', 100, 'pseudo')]
  expect(thresholdsFor(['ant', 'bee'], learnt, [])).toMatchObject({ accept: 1, foreign: 1 })
})
