import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decimal } from './decimal.ts'

describe('a number in an answer', () => {
  // What printf's %g, with 6 and then 9 or 17 digits, makes of them.
  it.each([
    [9000000, '9e+06'],
    [999999, '999999.0'],
    [1000000, '1e+06'],
    [0.5, '0.5'],
    [0.0003, '0.0003'],
    [0.00003, '3e-05'],
    [555557.5, '555557.5'],
    [2, '2.0'],
    [0, '0.0'],
    [-0, '-0.0'],
    [-2.5, '-2.5'],
    [0.2, '0.2'],
    [1 / 3, '0.333333343'],
    [16777216, '16777216.0'],
    [1435774380, '1.43577434e+09'],
    [3.4028234663852886e38, '3.40282347e+38'],
    [1.401298464324817e-45, '1.4013e-45'],
    // Ten digits that end in five: C rounds to even.
    [1.001953125, '1.00195312'],
    [1.005859375, '1.00585938'],
    [Number.NaN, 'NaN'],
    [Infinity, 'Infinity'],
    [-Infinity, '-Infinity'],
  ])('a float: %f', (value, text) => {
    expect(decimal(Math.fround(value), true)).toBe(text)
  })

  it.each([
    [0.1, '0.1'],
    [1 / 3, '0.33333333333333331'],
    [123456789, '123456789.0'],
    [1e100, '1e+100'],
    [1.0000076293945312, '1.0000076293945312'],
  ])('a double: %f', (value, text) => {
    expect(decimal(value, false)).toBe(text)
  })

  it('is read as the same number', () => {
    fc.assert(
      fc.property(
        fc.double({ noDefaultInfinity: true, noNaN: true }),
        fc.float({ noDefaultInfinity: true, noNaN: true }),
        (double, single) => {
          expect(Number(decimal(double, false))).toBe(double)
          expect(Math.fround(Number(decimal(single, true)))).toBe(single)
          expect(decimal(single, true)).toMatch(/^-?\d+(\.\d+|e[+-]\d\d|\.\d+e[+-]\d\d)$/)
        }
      )
    )
  })
})
