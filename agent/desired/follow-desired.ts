import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { type Desired, desired, desiredKey } from '../../lib/edge-configuration/index.ts'
import type { Heartbeat } from '../../lib/edge-status/index.ts'
import { asEdgeloopError, EdgeloopError } from '../../lib/errors/index.ts'
import type { ObjectStore } from '../../lib/s3/index.ts'
import { createAlarm } from '../../lib/waiting/index.ts'
import { writeWhole } from '../../lib/whole-file/index.ts'

export interface FollowDesiredOptions {
  edge: string
  store: ObjectStore
  /** Where it is kept for a start without the cloud. */
  directory: string
  /** How often the bucket is looked at without being told, in milliseconds. */
  pollMs?: number
}

/** The desired configuration of this edge, as far as it is known here. */
export interface FollowedDesired {
  /** The one that is applied; undefined before the first. */
  current(): Desired | undefined
  /** For the heartbeat. */
  status(): Heartbeat['desired']
  /** Looks at the bucket at once: somebody says that there is another one. */
  look(): void
  close(): Promise<void>
}

/** There are hints; and a configuration is nothing that has to come within a second. */
const POLL_MS = 15_000

/**
 * Follows `edges/EDGE/desired.json`. One that cannot be applied changes nothing: the last good one holds, and the status says
 * why. Where the object has gone, so it does: a bucket that has lost everything is no wish. Resolves when the kept one is
 * applied.
 */
export async function followDesired(options: FollowDesiredOptions): Promise<FollowedDesired> {
  const { edge, store, directory, pollMs = POLL_MS } = options
  const key = desiredKey(edge)
  const file = path.join(directory, 'desired.json')
  const alarm = createAlarm()
  const closing = new AbortController()
  let applied: Desired | undefined
  /** As it was written: whether it is the same one is asked of this. */
  let text = ''
  let problem: string | null = null

  /** @throws EdgeloopError with what keeps it from being applied */
  function check(written: unknown): Desired {
    const parsed = desired.safeParse(written)
    if (!parsed.success) {
      const issue = parsed.error.issues[0]!
      const where = issue.path.length > 0 ? `${issue.path.join('.')}: ` : ''
      throw new EdgeloopError('INVALID_INPUT', `${where}${issue.message}`)
    }
    const { revision } = parsed.data
    if (applied && revision < applied.revision)
      throw new EdgeloopError('CONFLICT', `revision ${revision} is older than ${applied.revision}`)
    if (applied && revision === applied.revision)
      throw new EdgeloopError('CONFLICT', `it has changed, and revision ${revision} has not`)
    return parsed.data
  }

  function apply(next: Desired, written: unknown): void {
    applied = next
    text = JSON.stringify(written)
  }

  async function restore(): Promise<void> {
    const kept = await readFile(file, 'utf8').catch(() => undefined)
    if (kept === undefined) return
    try {
      const written: unknown = JSON.parse(kept)
      apply(check(written), written)
    } catch (thrown) {
      // It is fetched again.
      problem = `what was kept of it cannot be read: ${asEdgeloopError(thrown).message}`
    }
  }

  async function lookOnce(): Promise<void> {
    try {
      const found = await store.getJson(key, z.unknown(), { signal: closing.signal })
      if (found && JSON.stringify(found.value) !== text) {
        const next = check(found.value)
        // Before it is applied: what holds now must hold after the next start.
        await writeWhole(file, JSON.stringify(found.value))
        apply(next, found.value)
      }
      problem = null
    } catch (thrown) {
      const { code, message } = asEdgeloopError(thrown)
      // Being out of reach is an ordinary state of an edge, and says nothing about what was found before.
      if (code !== 'UNAVAILABLE' && !closing.signal.aborted) complain(`${key} is not applied: ${message}`)
    }
  }

  /** Says the same thing once, however often it is found. */
  function complain(about: string): void {
    if (about !== problem) console.error('desired configuration:', about)
    problem = about
  }

  async function follow(): Promise<void> {
    while (!closing.signal.aborted) {
      await lookOnce()
      if (!closing.signal.aborted) await alarm.wait(pollMs)
    }
  }

  await restore()
  const following = follow()
  return {
    current: () => applied,
    status: () => ({ revision: applied?.revision ?? null, problem }),
    look: () => alarm.ring(),
    async close() {
      closing.abort()
      alarm.ring()
      await following
    },
  }
}
