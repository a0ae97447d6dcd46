import { emitKeypressEvents, type Key } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { type Line, paint, textOf } from './paint.ts'
import { width } from './text.ts'

/** Where keys come from: a terminal, or what looks like one. */
export type KeySource = Readable & { isTTY?: boolean; setRawMode?(raw: boolean): unknown }
/** Where lines go to. */
export type Display = Writable & {
  columns?: number
  rows?: number
  getColorDepth?(): number
}

export interface ScreenOptions {
  input: KeySource
  output: Display
  /** A key by its name (`up`, `escape`, `return`, `backspace`), or the sign itself. */
  onKey(key: string): void
  /** Ctrl-C. A second one ends the process at once. */
  onInterrupt(): void
  onResize(): void
}

/** The whole terminal, until it is closed; what stood there before comes back then. */
export interface Screen {
  readonly columns: number
  readonly rows: number
  /** Shows these lines from the top; what has not changed is not sent again. */
  draw(lines: readonly Line[]): void
  close(): void
}

const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J'
const LEAVE = '\x1b[?7h\x1b[?25h\x1b[?1049l'
/** A terminal that knows these shows everything between them at once. */
const BEGIN = '\x1b[?2026h'
const END = '\x1b[?2026l'
/** How often everything is sent again, in case something else has written over it. In milliseconds. */
const REPAINT_MS = 5000

/** Takes the terminal over. It is given back by `close`, at the end of the process, and while the process is stopped. */
export function openScreen({ input, output, onKey, onInterrupt, onResize }: ScreenOptions): Screen {
  const colours = !process.env.NO_COLOR && (output.getColorDepth?.() ?? 1) > 1
  let shown: string[] = []
  let paintedAt = 0
  let interrupted = false
  let open = true

  function enter(): void {
    output.write(ENTER)
    shown = []
    if (!input.isTTY) return
    input.setRawMode?.(true)
    input.resume()
  }

  function leave(): void {
    output.write(LEAVE)
    if (!input.isTTY) return
    input.pause()
    try {
      input.setRawMode?.(false)
    } catch {
      // The terminal was closed.
    }
  }

  function pressed(sign: string | undefined, { name, ctrl }: Key): void {
    if (ctrl) {
      if (name === 'c') interrupt()
      if (name === 'z') suspend()
      return
    }
    const key = sign && !/\p{Cc}/u.test(sign) ? sign : name
    if (key) onKey(key)
  }

  function interrupt(): void {
    if (interrupted) process.exit(130)
    interrupted = true
    onInterrupt()
  }

  function suspend(): void {
    leave()
    process.once('SIGCONT', () => {
      if (!open) return
      enter()
      onResize()
    })
    process.kill(process.pid, 'SIGTSTP')
  }

  function resized(): void {
    output.write('\x1b[2J')
    shown = []
    onResize()
  }

  // A terminal that was closed fails whatever it is asked, while whoever drew on it still has things to put away.
  for (const end of [input, output]) end.on('error', () => {})
  emitKeypressEvents(input)
  input.on('keypress', pressed)
  output.on('resize', resized)
  // Nobody wants a terminal without cursor and echo, however the process ended.
  process.on('exit', leave)
  enter()

  const columns = () => output.columns ?? 80
  const rows = () => output.rows ?? 24
  return {
    get columns() {
      return columns()
    },
    get rows() {
      return rows()
    },
    draw(lines) {
      if (!open) return
      const now = performance.now()
      if (now - paintedAt > REPAINT_MS) {
        shown = []
        paintedAt = now
      }
      let changes = ''
      const next = Array.from({ length: rows() }, (_, row) => {
        const line = lines[row] ?? []
        const painted = paint(line, columns(), colours)
        // Erasing at the right margin would take the last sign with it.
        const erase = width(textOf(line)) < columns() ? '\x1b[K' : ''
        if (painted !== shown[row]) changes += `\x1b[${row + 1};1H${painted}${erase}`
        return painted
      })
      shown = next
      if (changes) output.write(`${BEGIN}${changes}${END}`)
    },
    close() {
      if (!open) return
      open = false
      input.off('keypress', pressed)
      output.off('resize', resized)
      process.off('exit', leave)
      leave()
    },
  }
}
