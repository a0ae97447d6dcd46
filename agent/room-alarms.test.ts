import { expect, it } from 'vitest'
import { createRoomAlarms } from './room-alarms.ts'

const disk = (state: 'ok' | 'high' | 'full') => ({ usedBytes: 9, limitBytes: 10, freeBytes: 100, state })
const room = (state: 'ok' | 'high' | 'full') => ({ bytes: 8, maxBytes: 10, state })

it('tells of what fills up, since when, until there is room again', () => {
  const alarms = createRoomAlarms()
  expect(alarms(disk('ok'), room('ok'))).toEqual([])
  const [first] = alarms(disk('ok'), room('high'))
  expect(first).toMatchObject({ code: 'SPOOL_HIGH', message: expect.stringContaining('80 % of what it may') })
  const both = alarms(disk('full'), room('full'))
  expect(both.map(({ code }) => code)).toEqual(['DISK_HIGH', 'SPOOL_HIGH'])
  expect(both[1]!.since).toBe(first!.since)
  expect(alarms(disk('high'), room('ok'))).toMatchObject([{ code: 'DISK_HIGH' }])
})
