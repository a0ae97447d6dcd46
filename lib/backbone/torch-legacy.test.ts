import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EdgeloopError } from '../errors/index.ts'
import { legacyFile, type StateDictEntry } from './torch-legacy.fixture.ts'
import { readLegacyStateDict } from './torch-legacy.ts'

const storage = { key: 's1', values: [0, 1, 2, 3, 4, 5, 6, 7] }
const entry = (more: Partial<StateDictEntry>): StateDictEntry => ({
  name: 'w',
  storage,
  offset: 0,
  shape: [2, 3],
  strides: [3, 1],
  ...more,
})
const read = (...entries: StateDictEntry[]) => readLegacyStateDict(legacyFile(entries), 'test.pth')

describe('a legacy torch file', () => {
  it('gives contiguous tensors', () => {
    expect(read(entry({})).get('w')).toEqual({ shape: [2, 3], data: Float32Array.of(0, 1, 2, 3, 4, 5) })
  })

  it('gives strided views in row-major order', () => {
    const tensors = read(
      entry({ offset: 1, strides: [1, 2] }),
      entry({ name: 'v', shape: [2, 2], strides: [0, 4] })
    )
    expect(tensors.get('w')?.data).toEqual(Float32Array.of(1, 3, 5, 2, 4, 6))
    expect(tensors.get('v')?.data).toEqual(Float32Array.of(0, 4, 0, 4))
  })

  it('gives scalars and leaves integers out', () => {
    const counter = entry({ name: 'count', storage: { key: 'n', values: [7n] }, shape: [], strides: [] })
    const tensors = read(entry({ shape: [], strides: [], offset: 5 }), counter)
    expect([...tensors]).toEqual([['w', { shape: [], data: Float32Array.of(5) }]])
  })

  it('reads from any offset of a larger buffer', () => {
    const file = legacyFile([entry({})])
    const shifted = new Uint8Array(file.length + 3)
    shifted.set(file, 3)
    expect(readLegacyStateDict(shifted.subarray(3)).get('w')?.data[5]).toBe(5)
  })

  it.each([
    { shape: [3, 3] },
    { offset: 3 },
    { strides: [1] },
    { shape: [2 ** 20, 2 ** 20], strides: [0, 0] },
    { shape: [2 ** 32 - 1], strides: [0] },
  ])('refuses a tensor that reaches beyond its storage: %j', (more) => {
    expect(() => read(entry(more))).toThrow(/beyond its storage|not a legacy torch file/)
  })

  it('refuses a file that is cut short, wherever', () => {
    const file = legacyFile([entry({})])
    for (let length = 0; length < file.length; length++) {
      expect(() => readLegacyStateDict(file.subarray(0, length)), `${length} bytes`).toThrow(
        expect.objectContaining({ code: 'INVALID_INPUT' })
      )
    }
  })

  it('is read or refused, but never trips, with bytes changed', () => {
    const file = legacyFile([entry({}), entry({ name: 'v', strides: [1, 2] })])
    const changes = fc.array(fc.tuple(fc.nat(file.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(changes, (edits) => {
        const broken = file.slice()
        for (const [at, value] of edits) broken[at] = value
        try {
          readLegacyStateDict(broken)
        } catch (error) {
          expect(error).toBeInstanceOf(EdgeloopError)
        }
      }),
      { numRuns: 2000 }
    )
  })

  it('refuses globals that are not tensors, and calls nothing', () => {
    const file = legacyFile([entry({})], { dictGlobal: 'posix\nsystem\n' })
    expect(() => readLegacyStateDict(file)).toThrow(/'posix system', which is not allowed/)
  })

  it('refuses a state dict with something else in it', () => {
    const file = legacyFile([entry({})], { extra: [0x58, 1, 0, 0, 0, 0x78, 0x4b, 1, 0x73] })
    expect(() => readLegacyStateDict(file)).toThrow(/more than tensors/)
  })
})
