import type { V1Lease } from '@kubernetes/client-node'
import { expect, it } from 'vitest'
import { createHeartbeats } from './heartbeats.ts'

let clock = 0
const lease = (name: string, renewTime: Date): V1Lease => ({
  metadata: { name },
  spec: {
    renewTime: renewTime.toISOString() as unknown as V1Lease['spec'] & never,
    leaseDurationSeconds: 40,
  },
})

it('knows since when a node is missing, whatever the node’s clock says', () => {
  const beats = createHeartbeats(() => clock)
  const [cloud, edge] = [new Date(), new Date('2031-05-05T05:05:05.000Z')]
  const first = lease('edge-1', edge)
  beats.changed(undefined, first)
  for (let second = 0; second <= 50; second += 10) {
    clock = second * 1000
    beats.changed(undefined, lease('cloud', new Date(cloud.getTime() + clock)))
    expect(beats.missingSince('edge-1')).toEqual(second > 40 ? edge : undefined)
  }
  const renewed = lease('edge-1', new Date('2031-05-05T05:06:00.000Z'))
  beats.changed(first, renewed)
  expect(beats.missingSince('edge-1')).toBeUndefined()
  beats.changed(renewed, undefined)
  expect(beats.missingSince('edge-1')).toBeUndefined()
})

it('counts what was old already when it was first seen', () => {
  const beats = createHeartbeats(() => clock)
  const since = new Date(Date.now() - 3_600_000)
  beats.changed(undefined, lease('edge-1', since))
  expect(beats.missingSince('edge-1')).toEqual(since)
})

it('says nothing when it hears of no node at all', () => {
  const beats = createHeartbeats(() => clock)
  beats.changed(undefined, lease('edge-1', new Date(Date.now() - 3_600_000)))
  clock += 30_000
  expect(beats.missingSince('edge-1')).toBeUndefined()
})
