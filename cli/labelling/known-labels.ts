import { labelledPhotos } from '../../lib/dataset/index.ts'
import { modelRegistry } from '../../lib/registry/index.ts'
import type { ObjectStore } from '../../lib/s3/index.ts'

/** The labels that there are: the serving model's, or before the first model those of the seed photos. */
export async function knownLabels(store: ObjectStore, dataset: string, model: string): Promise<string[]> {
  const registry = modelRegistry(store, model)
  const stable = await registry.channel('stable')
  if (stable) return (await registry.manifest(stable.value.version)).manifest.head.labels.toSorted()
  const seed = labelledPhotos(store, dataset, 'seed')
  const labels = await Promise.all((await seed.list()).map(async (photo) => (await seed.get(photo)).label))
  return [...new Set(labels)].sort()
}
