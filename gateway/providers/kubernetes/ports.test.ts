import { expect, it } from 'vitest'
import { createPortAllocator } from './ports.ts'

it('gives out one port after the other, the ones that were given back last', () => {
  const free = createPortAllocator({ first: 10, last: 13 })
  const used = new Set<number>()
  const take = () => {
    const port = free(used)
    used.add(port)
    return port
  }
  expect([take(), take()]).toEqual([10, 11])
  used.delete(10)
  expect([take(), take(), take()]).toEqual([12, 13, 10])
  expect(take).toThrow('all 4 ports for functions at edges are taken')
})

it('goes on after a restart where it was', () => {
  expect(createPortAllocator({ first: 10, last: 13 })(new Set([11, 99]))).toBe(12)
  expect(createPortAllocator({ first: 10, last: 13 })(new Set([13]))).toBe(10)
})
