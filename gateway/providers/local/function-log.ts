import { AsyncLocalStorage } from 'node:async_hooks'
import { format } from 'node:util'

/** What a function has written lately. */
export interface FunctionLog {
  /** Takes what is written while this runs, and by whatever it leaves running. */
  during<T>(work: () => T): T
  /**
   * The lines from the oldest that is kept, or from a position on; a reader that is too slow misses what had to go.
   * @returns the lines and the position behind them
   */
  read(from?: number): { lines: LoggedLine[]; next: number }
  /** Resolves when there is more than up to this position, or the signal fires. */
  more(position: number, signal: AbortSignal): Promise<void>
}

export interface LoggedLine {
  at: Date
  text: string
}

/** A function that floods its log pushes out its own oldest lines, and nothing else. */
const MAX_CHARACTERS = 512 * 1024
const MAX_LINE = 16 * 1024
/** What a line costs besides its text, in characters. */
const OVERHEAD = 64

const METHODS = ['log', 'info', 'debug', 'warn', 'error'] as const
/** What has been put in the console's place. */
const capturing = new Set<unknown>()

/** The log of whichever function runs now. */
const current = new AsyncLocalStorage<(text: string) => void>()

/** Several functions share this process and its console; each line also goes where it would have gone. */
function captureConsole(): void {
  for (const method of METHODS) {
    const original = console[method]
    if (capturing.has(original)) continue
    const captured = (...args: unknown[]) => {
      current.getStore()?.(format(...args))
      original(...args)
    }
    capturing.add(captured)
    console[method] = captured
  }
}

export function createFunctionLog(): FunctionLog {
  const lines: LoggedLine[] = []
  /** How many lines have gone from the front. */
  let gone = 0
  let characters = 0
  const waiting = new Set<() => void>()

  function write(text: string): void {
    for (const line of text.split('\n')) {
      const kept = line.length > MAX_LINE ? `${line.slice(0, MAX_LINE)}…` : line
      lines.push({ at: new Date(), text: kept })
      characters += kept.length + OVERHEAD
    }
    let surplus = 0
    while (characters > MAX_CHARACTERS) characters -= lines[surplus++]!.text.length + OVERHEAD
    lines.splice(0, surplus)
    gone += surplus
    for (const wake of waiting) wake()
    waiting.clear()
  }

  return {
    during(work) {
      captureConsole()
      return current.run(write, work)
    },
    read(from = 0) {
      return { lines: lines.slice(Math.max(0, from - gone)), next: gone + lines.length }
    },
    more(position, signal) {
      if (signal.aborted || position < gone + lines.length) return Promise.resolve()
      return new Promise((resolve) => {
        const wake = () => {
          signal.removeEventListener('abort', wake)
          waiting.delete(wake)
          resolve()
        }
        waiting.add(wake)
        signal.addEventListener('abort', wake, { once: true })
      })
    },
  }
}
