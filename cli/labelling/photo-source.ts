import type { SampleRecord } from '../../lib/dataset/index.ts'
import { sampleStore } from '../../lib/dataset/index.ts'
import type { ObjectStore } from '../../lib/s3/index.ts'

const TIMEOUT_MS = 3000

/** Where photos that wait for a label can be fetched. */
export interface PhotoSource {
  /** The photo; undefined where neither the bucket nor its edge gives it. */
  fetch(sample: SampleRecord): Promise<Uint8Array | undefined>
}

/** The bucket where the photo went up, and else the edge that has it. */
export function photoSource(
  store: ObjectStore,
  dataset: string,
  edges: readonly { name: string; gateway: string }[]
): PhotoSource {
  const samples = sampleStore(store, dataset)

  async function fromEdge({ edge, photo }: SampleRecord): Promise<Uint8Array | undefined> {
    const gateway = edges.find(({ name }) => name === edge)?.gateway
    if (!gateway) return undefined
    try {
      const url = new URL(`/photos/${photo.hash}`, gateway)
      const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) })
      return response.ok ? new Uint8Array(await response.arrayBuffer()) : undefined
    } catch {
      return undefined
    }
  }

  return {
    async fetch(sample) {
      const uploaded = sample.withPhoto ? await samples.getPhoto(sample.photo.hash) : undefined
      return uploaded?.body ?? fromEdge(sample)
    },
  }
}
