import pLimit from 'p-limit'
import { labelledPhotos, sampleStore } from '../../lib/dataset/index.ts'
import { modelRegistry } from '../../lib/registry/index.ts'
import type { ObjectStore } from '../../lib/s3/index.ts'

/** How many answers are read at the same time. */
const READS = 32

/**
 * The labels that there are: the serving model's, or before the first model those of the seed photos; and those that
 * people have given since. Ask as often as you like: an answer is read once.
 */
export function knownLabels(store: ObjectStore, dataset: string, model: string): () => Promise<string[]> {
  const samples = sampleStore(store, dataset)
  /** By entity tag, which changes with the answer. */
  const answers = new Map<string, string>()

  async function learnt(): Promise<string[]> {
    const registry = modelRegistry(store, model)
    const stable = await registry.channel('stable')
    if (stable) return (await registry.manifest(stable.value.version)).manifest.head.labels
    const seed = labelledPhotos(store, dataset, 'seed')
    return Promise.all((await seed.list()).map(async (photo) => (await seed.get(photo)).label))
  }

  async function given(): Promise<string[]> {
    const read = pLimit(READS)
    const labels = [...(await samples.listLabels())].map(([photo, etag]) =>
      read(async () => {
        const key = `${photo} ${etag}`
        const label = answers.get(key) ?? (await samples.getLabel(photo))?.label
        if (label !== undefined) answers.set(key, label)
        return label ?? []
      })
    )
    return (await Promise.all(labels)).flat()
  }

  return async () => [...new Set((await Promise.all([learnt(), given()])).flat())].sort()
}
