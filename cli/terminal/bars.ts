const EIGHTHS = '▁▂▃▄▅▆▇█'

/** A progress bar; `done` from 0 to 1. */
export function bar(done: number, columns: number): string {
  const full = Math.round(Math.min(1, Math.max(0, done)) * columns)
  return '█'.repeat(full) + '░'.repeat(columns - full)
}

/** One sign a value: the lowest is the lowest sign, the highest the highest. */
export function sparkline(values: readonly number[]): string {
  const low = Math.min(...values)
  const range = Math.max(...values) - low
  const level = (value: number) => (range === 0 ? EIGHTHS.length - 1 : ((value - low) / range) * 7)
  return values.map((value) => EIGHTHS[Math.round(level(value))]).join('')
}
