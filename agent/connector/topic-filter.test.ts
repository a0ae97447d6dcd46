import { expect, it } from 'vitest'
import { matchesTopic, uncovered } from './topic-filter.ts'

it.each([
  ['a/b', 'a/b', true],
  ['a/b', 'a/c', false],
  ['a/b', 'a', false],
  ['a', 'a/b', false],
  ['a/+', 'a/b', true],
  ['a/+', 'a/b/c', false],
  ['a/+', 'a', false],
  ['a/+', 'a/', true],
  ['+/+', '/finance', true],
  ['/+', '/finance', true],
  ['+', '/finance', false],
  ['a/#', 'a/b/c', true],
  ['a/#', 'a', true],
  ['#', 'a/b', true],
  ['#', '$SYS/x', false],
  ['+/x', '$SYS/x', false],
  ['$SYS/#', '$SYS/x', true],
  ['a/+/c', 'a/b/c', true],
  ['A', 'a', false],
])('%s on %s: %s', (filter, topic, matches) => {
  expect(matchesTopic(filter, topic)).toBe(matches)
})

it.each([
  [['photos/+', 'photos/#', 'photos/pi'], ['photos/#']],
  [
    ['a/+', '+/b'],
    ['+/b', 'a/+'],
  ],
  [
    ['a', 'a', 'b'],
    ['a', 'b'],
  ],
  [
    ['#', '$SYS/#', 'a/b'],
    ['#', '$SYS/#'],
  ],
  [
    ['a/+/c', 'a/b/c', 'a/b/c/d'],
    ['a/+/c', 'a/b/c/d'],
  ],
  [['a/#', 'a'], ['a/#']],
])('of %j, %j cover the rest', (filters, rest) => {
  expect(uncovered(filters)).toEqual(rest)
})
