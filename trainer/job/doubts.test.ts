import { expect, it } from 'vitest'
import type { SnapshotItem } from '../../lib/dataset/index.ts'
import { findDoubts } from './doubts.ts'

it('doubts improbable labels of people, and of nobody else', () => {
  const item = (photo: string, origin: SnapshotItem['origin']) => ({
    photo,
    label: 'cat',
    origin,
    edge: null,
  })
  const items = [
    item('person', 'person'),
    item('audit', 'audit'),
    item('seed', 'seed'),
    item('pseudo', 'pseudo'),
    item('probable', 'person'),
    item('lonely', 'person'),
  ]
  const outOfFold = new Map(items.slice(0, 4).map(({ photo }) => [photo, 0.0999]))
  expect(findDoubts(items, outOfFold.set('probable', 0.1))).toEqual([
    { photo: 'person', label: 'cat', probability: 0.0999 },
    { photo: 'audit', label: 'cat', probability: 0.0999 },
  ])
})
