/**
 * Replays labelled photos as what cameras see over some rounds, and compares policies of what people are asked about.
 *
 *     npm run bench learning -- [--photos ../shared/photos] [--seeds 10] [--scenarios plain,blur]
 * @module
 */
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { execaNode } from 'execa'
import { openPhotoFolder } from '../../platform/photo-folder/index.ts'
import type { Row } from '../report.ts'
import { figures } from './figures.ts'
import { writeRounds } from './rounds.ts'
import { gatherLooks, type Run, scenarioNamed } from './runs.ts'
import { SCENARIOS } from './scenario.ts'
import type { SeedTask } from './seeds.main.ts'

export default async function learning(args: string[]): Promise<Row[]> {
  const { values } = parseArgs({
    args,
    options: {
      photos: { type: 'string', default: '../shared/photos' },
      seeds: { type: 'string', default: '10' },
      scenarios: { type: 'string', default: SCENARIOS.map(({ name }) => name).join(',') },
    },
  })
  const scenarios = values.scenarios.split(',').map(scenarioNamed)
  const photos = await openPhotoFolder(values.photos)
  // Computed once, before several threads want them.
  await gatherLooks(photos, scenarios)
  const names = scenarios.map(({ name }) => name)
  const tasks = names.flatMap((scenario) =>
    Array.from({ length: Number(values.seeds) }, (_, i) => ({
      kind: 'replay' as const,
      scenario,
      seed: i + 1,
    }))
  )
  const runs = await runAll(tasks, { kind: 'prepare', photos, scenarios: names })
  await writeRounds(runs)
  return figures(runs)
}

/** A process a core; each takes the next seed when it is done with one. */
async function runAll(tasks: Replay[], prepare: SeedTask): Promise<Run[]> {
  const waiting = [...tasks]
  const runs: Run[] = []
  async function work(): Promise<void> {
    const child = execaNode(fileURLToPath(new URL('./seeds.main.ts', import.meta.url)), {
      nodeOptions: ['--import', 'tsx'],
      stdio: ['ignore', 'ignore', 'inherit'],
      ipc: true,
      reject: false,
    })
    const perform = async (task: SeedTask): Promise<Run[]> => {
      const answer = child.getOneMessage()
      await child.sendMessage(JSON.stringify(task))
      return JSON.parse((await answer) as string)
    }
    try {
      await perform(prepare)
      for (let task = waiting.shift(); task; task = waiting.shift()) {
        runs.push(...(await perform(task)))
        process.stderr.write(`${task.scenario}, seed ${task.seed}: done, ${waiting.length} more to begin\n`)
      }
    } finally {
      child.kill()
      await child
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, work))
  return runs
}

type Replay = Extract<SeedTask, { kind: 'replay' }>
