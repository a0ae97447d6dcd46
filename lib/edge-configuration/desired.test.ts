import { describe, expect, it } from 'vitest'
import { desired } from './index.ts'

const quiet = (times: unknown, timeZone = 'Europe/Berlin') => ({
  revision: 1,
  quietHours: { times, timeZone },
})

describe('a desired configuration', () => {
  it('needs nothing but its revision', () => {
    expect(desired.parse({ revision: 0 })).toEqual({ revision: 0 })
  })

  it('has quiet hours, one span or several', () => {
    expect(desired.parse(quiet('22:00-06:00')).quietHours).toEqual({
      times: [{ from: 1320, to: 360 }],
      timeZone: 'Europe/Berlin',
    })
    expect(desired.parse(quiet(['00:00-24:00', '12:30-13:00'])).quietHours?.times).toEqual([
      { from: 0, to: 1440 },
      { from: 750, to: 780 },
    ])
  })

  it.each([
    ['no revision', { uplink: 'all' }],
    ['a revision that is none', { revision: 1.5 }],
    ['a word that it does not know', { revision: 1, bandwith: 10_000 }],
    ['an uplink that it does not know', { revision: 1, uplink: 'nothing' }],
    ['no bandwidth to speak of', { revision: 1, bandwidth: 1 }],
    ['a time that is none', quiet('22:00-25:00')],
    ['half a span', quiet('22:00')],
    ['a span of no length', quiet('06:00-06:00')],
    ['no span at all', quiet([])],
    ['a time zone that does not exist', quiet('22:00-06:00', 'Europe/Atlantis')],
    ['a budget that is none', { revision: 1, budgets: { bytesPerDay: -1 } }],
  ])('is refused with %s', (_what, given) => {
    expect(desired.safeParse(given).success).toBe(false)
  })
})
