/**
 * The training job's process: trains one run and ends. Progress goes to standard output, a JSON line each.
 * @module
 */
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { z } from 'zod'
import { defaultBackboneDir } from '../../lib/backbone/index.ts'
import { asEdgeloopError } from '../../lib/errors/index.ts'
import { eventData } from '../../lib/events/index.ts'
import { readSettings } from '../../lib/function/index.ts'
import { prepareRuntime, runtimeChoices } from '../../lib/runtime/index.ts'
import { objectStoreFromEnv } from '../../lib/s3/index.ts'
import type { JobMessage } from '../job-message/index.ts'

const settings = readSettings(
  z.object({
    DATASET: z.string(),
    RUN: z.string(),
    BACKBONE_DIR: z.string().default(defaultBackboneDir),
    /** The hash of a backbone in the bucket, in place of a folder. */
    BACKBONE: eventData.sha256.optional(),
    RUNTIME: z.enum(runtimeChoices).default('auto'),
    /** Where the last word goes, too: in a cluster it outlives the log. */
    TERMINATION_LOG: z.string().optional(),
  }),
  process.env
)

// Its thread loads on another core while this one loads the rest.
prepareRuntime(settings.RUNTIME)
const { runTraining } = await import('./index.ts')
const { fetchBackbone } = await import('../../lib/registry/index.ts')

/** As much as Kubernetes keeps of a last word, in characters; the rest of it is JSON. */
const LAST_WORD = 3000

function say(message: JobMessage): void {
  process.stdout.write(`${JSON.stringify(message)}\n`)
}

function sayLast(message: JobMessage): void {
  say(message)
  if (settings.TERMINATION_LOG) writeFileSync(settings.TERMINATION_LOG, JSON.stringify(message))
}

/** Fetched anew unless an earlier job of this machine did: in a cluster each has a /tmp of its own. */
async function backboneFolder(): Promise<string> {
  const { BACKBONE, BACKBONE_DIR } = settings
  if (BACKBONE === undefined) return BACKBONE_DIR
  const directory = path.join(tmpdir(), `edgeloop-backbone-${BACKBONE}`)
  await fetchBackbone(store, BACKBONE, directory)
  return directory
}

// The first process of a container is not ended by a signal that it does not handle.
process.once('SIGTERM', () => process.exit(143))

// Whoever started this job will start it again; two at the same run would only be in each other's way.
process.on('disconnect', () => process.exit())
// The same news may come by the pipe first.
process.stdout.on('error', () => process.exit())

const store = objectStoreFromEnv(process.env)
try {
  const manifest = await runTraining({
    store,
    dataset: settings.DATASET,
    run: settings.RUN,
    backboneDir: await backboneFolder(),
    runtime: settings.RUNTIME,
    onProgress: (stage, done) => say({ stage, done }),
  })
  sayLast({ version: manifest.version })
} catch (thrown) {
  const { error, code } = asEdgeloopError(thrown).toJSON()
  sayLast({ error: { error: error.slice(0, LAST_WORD), code } })
  process.exitCode = 1
} finally {
  store.close()
  // An open channel would keep the process.
  process.disconnect?.()
}
