import { createAlarm } from '../../lib/waiting/index.ts'
import type { LogLine } from '../provider.ts'

/** How long the first lines of all logs are waited for, so that the oldest of them comes first, in milliseconds. */
const SETTLE_MS = 300
/** New lines ring; this only bounds a pause, in milliseconds. */
const PAUSE_MS = 60_000

/** A log with the line that comes next, which waits until it is the oldest of all. */
interface Source {
  lines: AsyncGenerator<LogLine>
  next: LogLine | undefined
  state: 'idle' | 'reading' | 'ended'
}

export interface LogsOptions {
  /** The logs that there are now, by what names each of them for ever. */
  current(): ReadonlyMap<string, (signal: AbortSignal) => AsyncGenerator<LogLine>>
  /** Calls back when there may be others, until it is told to stop. */
  watch?(listener: () => void): () => void
  follow: boolean
}

/**
 * Several logs, merged by time; of each no more than a line is held. With `follow` those that come later join in, and lines
 * come as they are written.
 */
export async function* mergeLogs(
  { current, watch = () => () => {}, follow }: LogsOptions,
  signal: AbortSignal
): AsyncGenerator<LogLine> {
  const sources = new Map<string, Source>()
  const alarm = createAlarm()
  const stopping = new AbortController()
  const stop = () => {
    stopping.abort()
    alarm.ring()
  }
  const join = () => {
    for (const [id, open] of current()) {
      if (sources.has(id)) continue
      sources.set(id, { lines: open(stopping.signal), next: undefined, state: 'idle' })
      alarm.ring()
    }
  }
  const unwatch = watch(() => follow && join())
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()

  try {
    join()
    const settled = performance.now() + SETTLE_MS
    while (!stopping.signal.aborted) {
      const there = current()
      for (const [id, source] of sources)
        if (source.state === 'ended' && source.next === undefined && !there.has(id)) sources.delete(id)
      const open = [...sources.values()]
      for (const source of open) if (source.next === undefined) read(source, alarm.ring)
      // Without `follow` each log ends, so that the oldest line is known once each has said its next one.
      const settling = settled - performance.now()
      const isOpen = open.some(({ next, state }) => next === undefined && state === 'reading')
      if (isOpen && (!follow || settling > 0)) {
        await alarm.wait(follow ? settling : PAUSE_MS)
        continue
      }
      const [oldest] = open.filter(({ next }) => next !== undefined).sort(byTime)
      if (oldest) {
        const line = oldest.next!
        oldest.next = undefined
        yield line
      } else if (follow) await alarm.wait(PAUSE_MS)
      else return
    }
  } finally {
    unwatch()
    stop()
    signal.removeEventListener('abort', stop)
  }
}

function read(source: Source, onLine: () => void): void {
  if (source.state !== 'idle') return
  source.state = 'reading'
  const end = () => {
    source.state = 'ended'
    onLine()
  }
  source.lines.next().then(({ value, done }) => {
    if (done) return end()
    source.next = value
    source.state = 'idle'
    onLine()
  }, end)
}

function byTime({ next: a }: Source, { next: b }: Source): number {
  return Date.parse(a!.timestamp) - Date.parse(b!.timestamp) || (a!.timestamp < b!.timestamp ? -1 : 1)
}
