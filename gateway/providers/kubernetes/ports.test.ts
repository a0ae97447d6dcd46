import { expect, it } from 'vitest'
import { createPortAllocator } from './ports.ts'

it('gives out one port after the other, the ones that were given back last', () => {
  const free = createPortAllocator({ first: 10, last: 13 }, 0)
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

it('begins somewhere else after each restart, within its range', () => {
  const firsts = Array.from({ length: 200 }, () => createPortAllocator({ first: 10, last: 13 })(new Set()))
  expect([...new Set(firsts)].sort()).toEqual([10, 11, 12, 13])
  expect(createPortAllocator({ first: 10, last: 13 }, 3)(new Set([13, 99]))).toBe(10)
})
