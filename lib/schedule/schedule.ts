import { Cron } from 'croner'
import { EdgeloopError } from '../errors/index.ts'
import { secondsOf } from '../stack/index.ts'

/** Instants, in ms since 1970. */
export interface Schedule {
  /** The first tick after an instant; undefined where there is none any more. */
  after(instant: number): number | undefined
  /** The last tick up to an instant, which may be one itself. */
  upTo(instant: number): number | undefined
}

/**
 * Reads five fields, or `@hourly` and its like, in UTC unless `CRON_TZ=Area/City` goes before; or `@every 1h30m`, whose ticks
 * are multiples of that since 1970, so that no restart moves them.
 * https://docs.openfaas.com/reference/cron/, https://pkg.go.dev/github.com/robfig/cron/v3
 *
 * @throws EdgeloopError INVALID_INPUT
 */
export function readSchedule(text: string): Schedule {
  const every = /^@every\s+(\S+)$/.exec(text.trim())
  if (every) return everyMs(text, (secondsOf(every[1]) ?? 0) * 1000)
  const [, timezone = 'UTC', pattern = ''] = /^(?:(?:CRON_)?TZ=(\S+)\s+)?(.*)$/.exec(text.trim()) ?? []
  if (!pattern.startsWith('@') && pattern.split(/\s+/).length !== 5) throw unreadable(text)
  let cron: Cron
  let never: boolean
  try {
    cron = new Cron(pattern, { timezone, paused: true })
    // Only now it looks at the time zone.
    never = cron.nextRun() === null
  } catch (cause) {
    throw unreadable(text, cause)
  }
  // Looking back for the 30th of February, it does not come to an end.
  if (never) return { after: () => undefined, upTo: () => undefined }
  return {
    after: (instant) => cron.nextRun(new Date(instant))?.getTime(),
    // A previous run is before the second that is named.
    upTo: (instant) => cron.previousRuns(1, new Date(instant + 1000 - (instant % 1000)))[0]?.getTime(),
  }
}

function everyMs(text: string, ms: number): Schedule {
  if (ms < 1000) throw unreadable(text)
  return {
    after: (instant) => (Math.floor(instant / ms) + 1) * ms,
    upTo: (instant) => Math.floor(instant / ms) * ms,
  }
}

function unreadable(text: string, cause?: unknown): EdgeloopError {
  return new EdgeloopError('INVALID_INPUT', `"${text}" is no schedule`, {
    where: 'schedule',
    hint: 'write five fields as cron does ("*/5 * * * *"), "@hourly" or "@every 10m"',
    cause,
  })
}
