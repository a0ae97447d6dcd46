import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { bundle } from '../../deploy/images/index.ts'
import type { createTeardown } from '../../lib/teardown/index.ts'
import { cacheFolder, seededHead } from '../../test/support/index.ts'
import { peakMemory, resetPeakMemory } from '../process-memory.ts'
import { startServer } from '../start-server.ts'
import type { Subject } from './subjects.ts'

/** The function in a process of its own, with a model on the subject's backbone. */
export interface ClassifyProcess {
  url: string
  /** Has a version serve that was not there before; done when it does. */
  swap(): Promise<void>
  /** Photos in a batch, on average since the start. */
  batchSize(): Promise<number>
  /** How long its event loop was held up since this was asked last, 99th percentile in milliseconds. */
  lag(): Promise<number>
  /** How many versions it has loaded. */
  loaded(): Promise<number>
  /** What it has in memory, in bytes; `peakMemory` counts from here. */
  resetPeakMemory(): Promise<number>
  peakMemory(): Promise<number>
}

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url))
/** A version that takes longer does not come at all. */
const SERVED_MS = 60_000
const BATCHES = ':tensorflow:serving:batching_session:input_batch_size'

/** Makes the JavaScript that a container image holds. */
export async function bundleClassify(directory: string): Promise<void> {
  await bundle({
    processes: { classify: here('classify.main.ts') },
    handler: here('../../functions/classify/handler.ts'),
    directory,
  })
}

/** @param bundled where `bundleClassify` has put it */
export async function startClassify(
  subject: Subject,
  { bundled, workplace }: { bundled: string; workplace: string },
  teardown: ReturnType<typeof createTeardown>
): Promise<ClassifyProcess> {
  const cache = cacheFolder(path.join(workplace, `${subject.backbone} on ${subject.runtime}`))
  const backbone = await cache.backbone(undefined, subject.directory)
  const head = (seed: number) => seededHead(['cat', 'dog'], seed, subject.featureSize)
  let serving = 0
  const pointAtNext = async () => cache.point(await cache.version(++serving, head(serving), backbone))
  await pointAtNext()
  const { url, pid, ask } = await startServer(
    path.join(bundled, 'classify.js'),
    {
      MODEL_CACHE: cache.directory,
      MODEL_POLL_MS: '200',
      RUNTIME: subject.runtime,
      // Each photo is to be computed.
      KEEP_FEATURES: '1',
      TF_CPP_MIN_LOG_LEVEL: '1',
    },
    teardown
  )

  async function served(version: number): Promise<void> {
    const status = async () =>
      (await (await fetch(url)).json()) as { serving: number | null; why: string | null }
    const began = performance.now()
    for (let now = await status(); now.serving !== version; now = await status()) {
      if (performance.now() - began > SERVED_MS)
        throw new Error(`version ${version} does not serve: ${now.why}`)
      await sleep(5)
    }
  }
  async function metric(series: string): Promise<number> {
    const text = await (await fetch(`${url}/monitoring/prometheus/metrics`)).text()
    return Number(new RegExp(`^${series} (.*)$`, 'm').exec(text)?.[1] ?? 0)
  }

  await served(serving)
  return {
    url,
    async swap() {
      await pointAtNext()
      await served(serving)
    },
    batchSize: async () => (await metric(`${BATCHES}_sum`)) / (await metric(`${BATCHES}_count`)),
    lag: async () => Number(await ask('lag')),
    loaded: () => metric('edgeloop_classify_swap_seconds_count{model_name="photos"}'),
    resetPeakMemory: () => resetPeakMemory(pid),
    peakMemory: () => peakMemory(pid),
  }
}
