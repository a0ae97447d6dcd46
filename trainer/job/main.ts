/**
 * The training job's process: trains one run and ends. Progress goes to standard output, a JSON line each.
 * @module
 */
import { z } from 'zod'
import { defaultBackboneDir } from '../../lib/backbone/index.ts'
import { asEdgeloopError } from '../../lib/errors/index.ts'
import { readSettings } from '../../lib/function/index.ts'
import { prepareRuntime } from '../../lib/runtime/index.ts'
import { objectStoreFromEnv } from '../../lib/s3/index.ts'
import { type JobMessage, runTraining } from './index.ts'

const settings = readSettings(
  z.object({ DATASET: z.string(), RUN: z.string(), BACKBONE_DIR: z.string().default(defaultBackboneDir) }),
  process.env
)

function say(message: JobMessage): void {
  process.stdout.write(`${JSON.stringify(message)}\n`)
}

// Whoever started this job will start it again; two at the same run would only be in each other's way.
process.on('disconnect', () => process.exit())
// The same news may come by the pipe first.
process.stdout.on('error', () => process.exit())

prepareRuntime()
const store = objectStoreFromEnv(process.env)
try {
  const manifest = await runTraining({
    store,
    dataset: settings.DATASET,
    run: settings.RUN,
    backboneDir: settings.BACKBONE_DIR,
    onProgress: (stage, done) => say({ stage, done }),
  })
  say({ version: manifest.version })
} catch (thrown) {
  say({ error: asEdgeloopError(thrown).toJSON() })
  process.exitCode = 1
} finally {
  store.close()
  // An open channel would keep the process.
  process.disconnect?.()
}
