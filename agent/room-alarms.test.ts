import { expect, it } from 'vitest'
import { createRoomAlarms } from './room-alarms.ts'

const disk = (state: 'ok' | 'high' | 'full') => ({ usedBytes: 9, limitBytes: 10, freeBytes: 100, state })
const pinned = { bytes: 1, maxBytes: 10 }
const room = (state: 'ok' | 'high' | 'full') => ({ bytes: 8, maxBytes: 10, state })

it('tells of what fills up, since when, until there is room again', () => {
  const alarms = createRoomAlarms()
  expect(alarms(disk('ok'), room('ok'), pinned)).toEqual([])
  const [first] = alarms(disk('ok'), room('high'), pinned)
  expect(first).toMatchObject({ code: 'SPOOL_HIGH', message: expect.stringContaining('80 % of what it may') })
  const both = alarms(disk('full'), room('full'), pinned)
  expect(both.map(({ code }) => code)).toEqual(['DISK_HIGH', 'SPOOL_HIGH'])
  expect(both[1]!.since).toBe(first!.since)
  expect(alarms(disk('high'), room('ok'), pinned)).toMatchObject([{ code: 'DISK_HIGH' }])
})

it('tells of pinned photos before the oldest of them may go', () => {
  const alarms = createRoomAlarms()
  expect(alarms(disk('ok'), room('ok'), { bytes: 8, maxBytes: 10 })).toEqual([])
  expect(alarms(disk('ok'), room('ok'), { bytes: 9, maxBytes: 10 })).toMatchObject([
    { code: 'PINS_HIGH', message: expect.stringContaining('90 % of what they may') },
  ])
})
