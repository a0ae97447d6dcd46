import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { EdgeloopError } from '../../lib/errors/index.ts'
import { writeWhole } from '../../lib/whole-file/index.ts'

const schema = z.object({
  /** What the run was started with; another run cannot go on from here. */
  key: z.string(),
  /** The next round to do. */
  round: z.number().int().nonnegative(),
  labelsAsked: z.number().int().nonnegative(),
  /** The next photo of the stream. */
  next: z.number().int().nonnegative(),
})

export type RunProgress = z.infer<typeof schema>

/** Where a run is, kept in the state directory so that a restart goes on there. */
export function progressFile(state: string) {
  const file = path.join(state, 'run.json')
  return {
    /** @throws EdgeloopError CONFLICT when the state belongs to a run with other photos or another seed, CORRUPT */
    async read(key: string): Promise<RunProgress | undefined> {
      const text = await readFile(file, 'utf8').catch(() => undefined)
      if (text === undefined) return undefined
      const progress = parse(text, file)
      if (progress.key === key) return progress
      throw new EdgeloopError('CONFLICT', `the state belongs to another run (${progress.key})`, {
        where: file,
        hint: 'start over with --fresh, or give this run a directory of its own with --state DIR',
      })
    },
    async write(progress: RunProgress): Promise<void> {
      await writeWhole(file, JSON.stringify(progress))
    },
  }
}

function parse(text: string, where: string): RunProgress {
  try {
    return schema.parse(JSON.parse(text))
  } catch (cause) {
    throw new EdgeloopError('CORRUPT', 'it does not say where the run was', {
      where,
      hint: 'start over with --fresh',
      cause,
    })
  }
}
