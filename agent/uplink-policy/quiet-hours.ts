import type { QuietHours } from '../../lib/edge-configuration/index.ts'

/** Whether it is quiet at an instant, by the clock on the site's wall. */
export interface QuietClock {
  /** @param at milliseconds since 1970 */
  isQuiet(at: number): boolean
  /** When it ends to be quiet, in milliseconds since 1970; undefined where that is not within two days. */
  endsAt(at: number): number | undefined
}

const MINUTE_MS = 60_000
const QUARTER_MS = 15 * MINUTE_MS
/** The first one with a whole day in it that has 25 hours, and the rest of today. */
const HORIZON_MINUTES = 49 * 60

/**
 * Quiet hours mean what people read on their clocks. So one that lasts from 01:00 to 04:00 takes two or four hours in the
 * nights when clocks are changed, and an end that does not exist in such a night is where the clock jumps over it.
 */
export function quietClock({ times, timeZone }: QuietHours): QuietClock {
  const wall = new Intl.DateTimeFormat('en', {
    timeZone,
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  })

  /** Where a quarter of an hour begins there, in minutes after midnight: looking that up is what takes time. */
  let quarter = { number: Number.NaN, minute: 0 }

  /** Minutes after midnight there. Clocks are changed between two quarters of an hour, all over the world. */
  function minuteOfDay(at: number): number {
    const number = Math.floor(at / QUARTER_MS)
    if (number !== quarter.number) {
      const parts = wall.formatToParts(number * QUARTER_MS)
      const value = (type: 'hour' | 'minute') => Number(parts.find((part) => part.type === type)!.value)
      quarter = { number, minute: value('hour') * 60 + value('minute') }
    }
    return quarter.minute + Math.floor((at - number * QUARTER_MS) / MINUTE_MS)
  }

  function isQuiet(at: number): boolean {
    const minute = minuteOfDay(at)
    return times.some(({ from, to }) =>
      from < to ? from <= minute && minute < to : minute >= from || minute < to
    )
  }

  return {
    isQuiet,
    endsAt(at) {
      // Minutes of the clock begin where those of the epoch do: no zone has been off by seconds since 1972.
      let minute = Math.floor(at / MINUTE_MS)
      const last = minute + HORIZON_MINUTES
      while (minute <= last && isQuiet(minute * MINUTE_MS)) minute++
      return minute > last ? undefined : minute * MINUTE_MS
    },
  }
}
