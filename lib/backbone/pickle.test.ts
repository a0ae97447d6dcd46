import { describe, expect, it } from 'vitest'
import { readPickle } from './pickle.ts'

const ascii = (text: string) => [...Buffer.from(text, 'latin1')]
const read = (...body: number[]) => readPickle(Uint8Array.from([0x80, 2, ...body]), 0, { globals: [] }).value

describe('pickles', () => {
  it('hold plain values', () => {
    expect(read(...ascii('N.'))).toBe(null)
    expect(read(...ascii('(K\x01M\x02\x01J\xff\xff\xff\xff\x88\x89t.'))).toEqual([1, 258, -1, true, false])
    expect(read(0x47, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0, 0x2e)).toBe(1.5)
    expect(read(0x8a, 2, 0x00, 0x80, 0x2e)).toBe(-32768)
    expect(read(0x8a, 0, 0x2e)).toBe(0)
    expect(read(0x8a, 8, 0, 0, 0, 0, 0, 0, 0, 0x40, 0x2e)).toBe(2n ** 62n)
  })

  it('hold containers, once and again', () => {
    // d = {}; d['k'] = [1]; d['l'] = the same list
    expect(read(...ascii('}(X\x01\0\0\0k]q\x07K\x01aX\x01\0\0\0lh\x07u.'))).toEqual(
      new Map([
        ['k', [1]],
        ['l', [1]],
      ])
    )
    expect(read(...ascii('K\x01K\x02K\x03\x87.'))).toEqual([1, 2, 3])
    expect(read(...ascii('K\x01K\x02\x86\x85.'))).toEqual([[1, 2]])
  })

  it.each([
    ['an unknown opcode', 'i'],
    ['an empty stack', '.'],
    ['a stack with more than one value', 'NN.'],
    ['a mark in place of a value', '(.'],
    ['a missing mark', 'Nt.'],
    ['an unwritten memo', 'h\x01.'],
    ['a call of a list', '])R.'],
    ['items for a list', ']NNs.'],
    ['a key without a value', '}(Nu.'],
    ['an append to a dict', '}Na.'],
    ['attributes of a list', ']Nb.'],
    ['a persistent id', 'NQ.'],
    ['an end in a text', 'X\x05\0\0\0ab'],
    ['a global without an end', 'cos'],
    ['an end before the stop', 'N'],
  ])('are refused with %s', (_, body) => {
    expect(() => read(...ascii(body))).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
  })

  it('of other protocols are refused', () => {
    expect(() => readPickle(Uint8Array.of(0x80, 4, 0x4e, 0x2e), 0, { globals: [] })).toThrow(/protocol 2/)
  })
})
