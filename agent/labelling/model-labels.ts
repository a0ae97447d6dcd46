import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { asEdgeloopError } from '../../lib/errors/index.ts'
import { parseManifest, registryKeys } from '../../lib/registry/index.ts'

export interface ModelLabelsOptions {
  /** The node's model cache. */
  directory: string
  model: string
  /** The version that the cache offers to functions; null before the first. */
  version(): number | null
}

/**
 * Reads which labels the serving model knows, from its manifest in the node's cache; undefined where there is none yet, or
 * where it cannot be read. A version's manifest is read once.
 */
export function createModelLabels({
  directory,
  model,
  version,
}: ModelLabelsOptions): () => Promise<string[] | undefined> {
  let known: { version: number; labels: string[] } | undefined
  /** What was complained about. */
  let complaint = ''

  return async () => {
    const wanted = version()
    if (wanted === null) return undefined
    if (known?.version === wanted) return known.labels
    const file = path.join(directory, registryKeys.manifest(model, wanted))
    try {
      const { labels } = parseManifest(await readFile(file), file).head
      known = { version: wanted, labels }
      return labels
    } catch (thrown) {
      const { message } = asEdgeloopError(thrown)
      if (message !== complaint) console.error(`labels of ${model} ${wanted}: ${message}`)
      complaint = message
      return undefined
    }
  }
}
