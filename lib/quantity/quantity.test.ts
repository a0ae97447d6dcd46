import { describe, expect, it } from 'vitest'
import { readQuantity } from './index.ts'

describe('a quantity', () => {
  it.each([
    ['1', 1],
    ['0.5', 0.5],
    ['.5', 0.5],
    ['1.', 1],
    ['500m', 0.5],
    ['128Mi', 134_217_728],
    ['1Gi', 1_073_741_824],
    ['128M', 128_000_000],
    ['1e3', 1000],
    ['12E6', 12_000_000],
    ['2E', 2e18],
    ['5k', 5000],
    ['100n', 1e-7],
  ])('%s is %d', (text, value) => {
    expect(readQuantity(text)).toBeCloseTo(value, 12)
  })

  it.each(['', '128MB', '128mi', 'Mi', '1 Gi', '-1', '1Ki2', '0x10', '1e', '.', '1e1000'])(
    '%j is none',
    (text) => {
      expect(readQuantity(text)).toBeUndefined()
    }
  )
})
