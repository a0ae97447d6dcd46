import { randomUUID } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import type { AgentIdentity } from '../../lib/edge-status/index.ts'
import { writeWhole } from '../../lib/whole-file/index.ts'

/**
 * The identity of the installation in a data directory, and a new one of this process. An installation that cannot say any
 * more who it is becomes a new one.
 */
export async function openIdentity(directory: string): Promise<AgentIdentity> {
  const file = path.join(directory, 'instance')
  const run = randomUUID()
  const kept = z.uuid().safeParse((await readFile(file, 'utf8').catch(() => '')).trim())
  if (kept.success) return { instance: kept.data, run }
  const instance = randomUUID()
  await mkdir(directory, { recursive: true })
  await writeWhole(file, `${instance}\n`)
  return { instance, run }
}
