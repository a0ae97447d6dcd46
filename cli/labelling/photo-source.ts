import type { LabelQueueOptions } from '../../lib/dataset/index.ts'

const TIMEOUT_MS = 3000

/** Photos that did not go up are where their edges have them; one that does not give it has none. */
export function photosFrom(
  edges: readonly { name: string; gateway: string }[]
): NonNullable<LabelQueueOptions['photoFrom']> {
  return async ({ edge, photo }) => {
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
}
