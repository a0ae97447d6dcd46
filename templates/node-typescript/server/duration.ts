/** A Go duration in milliseconds: `30s`, `1m30s`, `500ms`; a plain number counts seconds, as of-watchdog reads it. */
export function durationMs(text: string): number | undefined {
  if (/^\d+$/.test(text)) return Number(text) * 1000
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) return undefined
  const parts = text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)
  return [...parts].reduce(
    (sum, [, value, unit]) => sum + Number(value) * UNITS[unit as keyof typeof UNITS],
    0
  )
}

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }
