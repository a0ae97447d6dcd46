import { createDemoCamera } from '../../platform/demo-camera/index.ts'
import {
  folderSupply,
  type LabelledPhoto,
  type PhotoSupply,
  type RunEvent,
} from '../../platform/rounds/index.ts'
import type { StartOptions } from './options.ts'

/** Photos from `--photos`, or from the demo camera. */
export function openSupply(
  options: StartOptions,
  onEvent: (event: RunEvent) => void,
  signal: AbortSignal
): Promise<PhotoSupply> {
  if (!options.photos) return demoSupply(options)
  return folderSupply(options.photos, {
    ...options,
    onProgress: (done, total) =>
      onEvent({ event: 'progress', round: 0, stage: 'reading', done: total === 0 ? 1 : done / total }),
    onSkip: (path, why) => onEvent({ event: 'remark', text: `${path} is left out: ${why}` }),
    signal,
  })
}

/** The demo camera never runs out: its first scenes are put aside, the rest is what the cameras see. */
async function demoSupply({ seed, golden, test, seedLabels }: StartOptions): Promise<PhotoSupply> {
  const camera = await createDemoCamera({ seed })
  const scene = (index: number): LabelledPhoto => ({
    label: camera.label(index),
    read: async () => (await camera.scene(index)).bytes,
  })
  let taken = 0
  const take = (count: number) => Array.from({ length: count }, () => scene(taken++))
  const aside = { golden: take(golden), test: take(test), seeds: take(seedLabels) }
  const key = `demo camera, seed ${seed}, ${golden} golden, ${test} test, ${seedLabels} seed labels`
  return { key, ...aside, stream: (index) => scene(taken + index) }
}
