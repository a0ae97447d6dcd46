import type { Heartbeat } from '../lib/edge-status/index.ts'

/** The time of day on this machine. */
export function clock(at: string | Date): string {
  return new Date(at).toTimeString().slice(0, 8)
}

/** How long ago something was, roughly: `12 s`, `5 min`, `3 h`, `2 d`. */
export function ago(at: string | Date, now = Date.now()): string {
  const seconds = Math.max(0, (now - new Date(at).getTime()) / 1000)
  if (seconds < 60) return `${Math.floor(seconds)} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`
  return `${Math.floor(seconds / 86_400)} d`
}

/** What an edge serves and, where it wants something else, what and why. */
export function versionText({ serving, wanted, why }: Heartbeat['model']): string {
  if (serving !== null && serving === wanted) return String(serving)
  const wants = wanted === null ? '' : `, wants ${wanted}`
  return `${serving ?? 'none'}${wants}${why ? `: ${why}` : ''}`
}
