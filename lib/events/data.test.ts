import { expect, it } from 'vitest'
import { eventData } from './index.ts'

it.each([
  ['edge-1', true],
  ['edge-1.site.example', true],
  ['ip-10-0-0-1.compute.internal', true],
  ['', false],
  ['Edge', false],
  ['edge..1', false],
  ['.edge', false],
  ['edge/1', false],
  ['edge+', false],
  ['a'.repeat(64), false],
])('%j as the name of an edge: %s', (name, isOne) => {
  expect(eventData.edgeName.safeParse(name).success).toBe(isOne)
})
