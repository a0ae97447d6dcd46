import { expect, it } from 'vitest'
import { createEvent } from '../../lib/events/index.ts'
import { hashOf, sampleEvent, sampleOf } from '../../test/support/index.ts'
import { type Delivery, priorityOf } from './delivery.ts'

it('what people have said goes first, then what they are to see, then what the model knows, then messages', () => {
  const said = { edge: 'edge-1', photo: hashOf('a'), dataset: 'photos', audit: false, predicted: null }
  const answer = { by: 'ana', at: '2026-01-01T00:00:00.000Z' }
  const deliveries: Delivery[] = [
    createEvent('sample.labelled', 'test', ['a'], { ...said, ...answer, label: null, among: [] }),
    sampleEvent(sampleOf('a', 'review')),
    sampleEvent(sampleOf('a', 'accept')),
    { topic: 'alarms/door', body: new Uint8Array(), userProperties: [] },
  ]
  const priorities = deliveries.map(priorityOf)
  expect(new Set(priorities).size).toBe(4)
  expect(priorities).toEqual(priorities.toSorted((a, b) => a - b))
  expect(priorityOf(createEvent('sample.unlabelled', 'test', ['a'], { ...said, ...answer }))).toBe(0)
})
