/**
 * Replays one seed after the other, as the benchmark's main process hands them out.
 * @module
 */
import { getEachMessage, sendMessage } from 'execa'
import type { FolderPhoto } from '../../platform/photo-folder/index.ts'
import { gatherLooks, type Run, runSeed, scenarioNamed } from './runs.ts'
import type { Looks } from './streams.ts'

/** What this process is asked for. */
export type SeedTask =
  | { kind: 'prepare'; photos: FolderPhoto[]; scenarios: string[] }
  | { kind: 'replay'; scenario: string; seed: number }

let photos: FolderPhoto[] = []
let looks: Looks = new Map()

async function perform(task: SeedTask): Promise<Run[]> {
  if (task.kind === 'replay') return runSeed(photos, looks, scenarioNamed(task.scenario), task.seed)
  photos = task.photos
  looks = await gatherLooks(photos, task.scenarios.map(scenarioNamed))
  return []
}

for await (const task of getEachMessage())
  await sendMessage(JSON.stringify(await perform(JSON.parse(String(task)))))
