import type { DeviceLog } from './log.ts'
import type { PhotoSource } from './sources/index.ts'

export interface FeedOptions {
  send(photo: Uint8Array): Promise<void>
  /** How many photos are taken from the source before the first of them is at the edge. */
  ahead: number
  signal: AbortSignal
  log: DeviceLog
}

/**
 * Sends what a source gives. It takes no more photos than can be under way soon, so that a folder of any size needs
 * little memory. A photo that is refused for good is logged and passed over.
 * @returns when the source has ended and every photo has met its fate, or the signal fired
 * @throws whatever the source throws
 */
export async function feed(source: PhotoSource, { send, ahead, signal, log }: FeedOptions): Promise<void> {
  const photos = source[Symbol.asyncIterator]()
  const underWay = new Set<Promise<void>>()
  const stopped = new Promise<undefined>((resolve) => {
    signal.addEventListener('abort', () => resolve(undefined), { once: true })
  })
  try {
    while (!signal.aborted) {
      const next = await Promise.race([photos.next(), stopped])
      if (!next || next.done) break
      const { bytes, name } = next.value
      const sending: Promise<void> = send(bytes)
        .catch((error) => {
          if (!signal.aborted) log.error({ name, error }, 'a photo is passed over')
        })
        .finally(() => underWay.delete(sending))
      underWay.add(sending)
      if (underWay.size >= ahead) await Promise.race([...underWay, stopped])
    }
    await Promise.race([Promise.all(underWay), stopped])
  } finally {
    // Not awaited: a source that waits for its next photo answers only when that comes.
    void photos.return?.()?.catch((error) => log.warn({ error }, 'the source did not end cleanly'))
  }
}
