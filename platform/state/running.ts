import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { EdgeloopError } from '../../lib/errors/index.ts'
import { holderOf } from './lock.ts'

const FILE = 'platform.json'

const running = z.object({
  pid: z.number().int().positive(),
  startedAt: z.iso.datetime(),
  gateway: z.url(),
  /** The cloud's MQTT broker. */
  broker: z.string(),
  s3: z.object({ endpoint: z.url(), bucket: z.string() }),
  dataset: z.string(),
  model: z.string(),
  edges: z.array(z.object({ name: z.string(), gateway: z.url(), broker: z.string() })),
})

/** Where a running platform can be reached. Credentials are not in it: they stand under `secrets/`. */
export type RunningPlatform = z.infer<typeof running>

/** Tells other programs of this machine where the platform can be reached. Returns how to take that back. */
export async function announceRunning(
  state: string,
  about: Omit<RunningPlatform, 'pid' | 'startedAt'>
): Promise<() => Promise<void>> {
  const file = path.join(state, FILE)
  const record: RunningPlatform = { pid: process.pid, startedAt: new Date().toISOString(), ...about }
  await writeFile(`${file}.part`, `${JSON.stringify(record, null, 2)}\n`)
  await rename(`${file}.part`, file)
  return () => rm(file, { force: true })
}

/** The platform that runs on a state directory; undefined when none does, whatever a killed one left behind. */
export async function findRunning(state: string): Promise<RunningPlatform | undefined> {
  const file = path.join(state, FILE)
  const holder = await holderOf(state)
  const text = await readFile(file, 'utf8').catch(() => undefined)
  if (holder === undefined || text === undefined) return undefined
  try {
    const found = running.parse(JSON.parse(text))
    // One that starts now, on what a killed one left behind, will say so itself.
    return found.pid === holder ? found : undefined
  } catch (cause) {
    throw new EdgeloopError('CORRUPT', 'it does not say where the platform can be reached', {
      where: file,
      hint: 'restart the platform with the same version as this command',
      cause,
    })
  }
}
