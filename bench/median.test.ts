import { expect, it } from 'vitest'
import { median } from './median.ts'

it.each([
  [[3], 3],
  [[3, 1], 2],
  [[5, 1, 3], 3],
  [[4, 1, 3, 2], 2.5],
  [[9, 1, 5, 3, 7], 5],
])('of %j is %d', (values, middle) => {
  expect(median(values)).toBe(middle)
})
