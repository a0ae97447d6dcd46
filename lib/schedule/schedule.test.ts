import { expect, it } from 'vitest'
import { readSchedule } from './index.ts'

const at = (text: string) => Date.parse(`2026-03-01T${text}Z`)

it.each([
  ['*/5 * * * *', '10:07:03', '10:05:00', '10:10:00'],
  ['*/5 * * * *', '10:05:00', '10:05:00', '10:10:00'],
  ['*/5 * * * *', '10:04:59.999', '10:00:00', '10:05:00'],
  ['0 3 * * *', '02:59:00', '-', '03:00:00'],
  ['@hourly', '10:59:59', '10:00:00', '11:00:00'],
  ['CRON_TZ=Europe/Berlin 0 11 * * *', '10:30:00', '10:00:00', '-'],
  ['@every 10m', '10:07:00', '10:00:00', '10:10:00'],
  ['@every 90s', '00:01:30', '00:01:30', '00:03:00'],
])('%s at %s: last at %s, next at %s', (text, now, last, next) => {
  const schedule = readSchedule(text)
  const on = (instant: number | undefined) => new Date(instant!).toISOString()
  if (last !== '-') expect(on(schedule.upTo(at(now)))).toBe(on(at(last)))
  if (next !== '-') expect(on(schedule.after(at(now)))).toBe(on(at(next)))
})

it('has no tick on a day that does not come', () => {
  const never = readSchedule('0 0 31 2 *')
  expect([never.after(at('10:00:00')), never.upTo(at('10:00:00'))]).toEqual([undefined, undefined])
})

it.each([
  '',
  'x',
  '* * * *',
  '* * * * * *',
  '60 * * * *',
  '@every',
  '@every soon',
  '@every 1ms',
  'CRON_TZ=Mars/Base * * * * *',
])('refuses %j', (text) => {
  expect(() => readSchedule(text)).toThrow(/is no schedule/)
})
