import type { Heartbeat } from '../../../lib/edge-status/index.ts'
import { cut, plain, table } from '../../terminal/index.ts'
import { ago, clock, versionText } from '../../wording.ts'
import type { EdgeAnswer } from '../ask-edge.ts'

/** A function's last error is not told at full length. */
const ERROR_COLUMNS = 80

/** How an edge is doing, for people. */
export function edgeText({ name, status, why }: EdgeAnswer, now = Date.now()): string {
  if (!status) return table(['EDGE', name], [['Agent', why]])
  return [
    table(['EDGE', name], facts(status, now)),
    '',
    table(
      ['FUNCTION', 'RUNS', 'WAITING', 'LAST ERROR'],
      status.functions.map((one) => functionRow(one, status))
    ),
    ...status.alarms.map(({ message, since }) => `\nALARM since ${clock(since)}: ${plain(message)}`),
  ].join('\n')
}

function facts(status: Heartbeat, now: number): [string, string | number][] {
  const { agent, link, desired, deadLetters, model } = status
  const rows: [string, string | number][] = []
  if (agent) {
    const up = ago(new Date(now - agent.uptimeSeconds * 1000), now)
    rows.push(['Agent', `version ${agent.version}, up for ${up}, installation ${agent.instance.slice(0, 8)}`])
  }
  rows.push(
    ['Cloud', `${link.connected ? 'in reach' : 'out of reach'} since ${clock(link.since)}`],
    ['Photos', photosText(status)],
    ['Spool', spoolText(status)],
    ['Disk', diskText(status)],
    ['Dead letters', deadLetters],
    ['Model', `${model.name}, version ${versionText(model)}`],
    ['Desired', desiredText(desired)]
  )
  return rows
}

function photosText({ totals: { captured, accepted, review, rejected, uploaded } }: Heartbeat): string {
  return `${captured} taken: ${accepted} accepted, ${review} for review, ${rejected} rejected; ${uploaded} samples uploaded`
}

function spoolText({ spool, parked }: Heartbeat): string {
  const waiting = Object.entries(spool).filter(([, queued]) => queued > 0)
  const off = new Set(parked)
  const text = waiting.map(
    ([queue, queued]) => `${queue} ${queued}${off.has(queue) ? ' (switched off)' : ''}`
  )
  return text.join(', ') || 'empty'
}

function diskText({ disk, room }: Heartbeat): string {
  const percent = (bytes: number, of: number) => `${Math.round((100 * bytes) / Math.max(1, of))} %`
  const photos = disk && `photos take ${percent(disk.usedBytes, disk.limitBytes)} of what they may`
  const events = room && `events ${percent(room.bytes, room.maxBytes)}`
  return [photos, events].filter((text) => text !== undefined).join(', ') || 'not told'
}

function desiredText({ revision, problem }: Heartbeat['desired']): string {
  const applied = revision === null ? 'as it was started' : `revision ${revision}`
  return problem === null ? applied : `${applied}; ${problem}`
}

function functionRow(
  { name, replicas, available, disabled, lastError }: Heartbeat['functions'][number],
  { spool }: Heartbeat
) {
  const runs = disabled ? 'switched off' : available < replicas ? 'does not answer' : 'yes'
  return [name, runs, spool[name] ?? 0, lastError === null ? null : cut(plain(lastError), ERROR_COLUMNS)]
}
