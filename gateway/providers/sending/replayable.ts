/** A body that can be sent more than once. */
export interface ReplayableBody {
  /** Whether all that was read of it is still there, and there may be more. */
  readonly replayable: boolean
  /** From the beginning: what was read before, and the rest as it comes. */
  pieces(): AsyncGenerator<Uint8Array>
}

/** How much of a body is kept for sending it again, in bytes. */
const KEPT_BYTES = 1024 * 1024

/** A reading that was given up in the middle does no harm to the next one. */
export function replayable(body: ReadableStream<Uint8Array>, keep = KEPT_BYTES): ReplayableBody {
  const reader = body.getReader()
  const read: Promise<Uint8Array | undefined>[] = []
  const gone = Promise.resolve(undefined)
  let bytes = 0
  let broken = false

  async function next(): Promise<Uint8Array | undefined> {
    try {
      const { value } = await reader.read()
      bytes += value?.length ?? 0
      return value
    } catch (error) {
      broken = true
      throw error
    }
  }

  return {
    get replayable() {
      return !broken && bytes <= keep
    },
    async *pieces() {
      for (let i = 0; ; i++) {
        read[i] ??= next()
        const piece = await read[i]
        if (!piece) return
        if (bytes > keep) read[i] = gone
        yield piece
      }
    },
  }
}
