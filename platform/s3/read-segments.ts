/** Reads a range of the bytes that segments make up, a piece at a time. @module */
import { type FileHandle, open } from 'node:fs/promises'
import type { S3Store } from './context.ts'
import type { Segment } from './records.ts'

const PIECE = 256 * 1024

interface Slice {
  /** Inline bytes are read at once: the next transaction may remove them. */
  bytes: Buffer | undefined
  id: string
  start: number
  end: number
}

/**
 * Null for nothing, bytes for what is small, else a stream. Call it in the same turn in which the record was read; the
 * segments' files stay until the stream is read or cancelled.
 */
export async function readSegments(
  store: S3Store,
  segments: readonly Segment[],
  start: number,
  end: number
): Promise<Uint8Array | ReadableStream<Uint8Array> | null> {
  if (start === end) return null
  const slices = cut(store, segments, start, end)
  if (slices.every(({ bytes }) => bytes)) return Buffer.concat(slices.map(({ bytes }) => bytes!))
  const unpin = store.blobs.pin(segments)
  let file: FileHandle | undefined
  let slice: Slice | undefined
  let closed = false

  async function next(): Promise<Uint8Array | undefined> {
    slice = slice && slice.start < slice.end ? slice : await advance()
    if (!slice) return undefined
    const length = Math.min(PIECE, slice.end - slice.start)
    const at = slice.start
    slice.start += length
    if (slice.bytes) return slice.bytes.subarray(at, at + length)
    const piece = Buffer.allocUnsafe(length)
    const { bytesRead } = await file!.read(piece, 0, length, at)
    if (bytesRead !== length) throw new Error(`blob ${slice.id} is shorter than its record says`)
    return piece
  }

  async function advance(): Promise<Slice | undefined> {
    await file?.close()
    file = undefined
    const following = slices.shift()
    if (following && !following.bytes) file = await open(store.blobs.pathOf(following.id), 'r')
    return following
  }

  async function close(): Promise<void> {
    if (closed) return
    closed = true
    await file?.close()
    unpin()
  }

  try {
    const first = await next()
    if (slices.length === 0 && slice!.start === slice!.end) {
      await close()
      return first!
    }
    let waiting = first
    return new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          try {
            const piece = waiting ?? (await next())
            waiting = undefined
            if (piece) return controller.enqueue(piece)
            await close()
            controller.close()
          } catch (error) {
            await close()
            throw error
          }
        },
        cancel: close,
      },
      { highWaterMark: 1 }
    )
  } catch (error) {
    await close()
    throw error
  }
}

function cut(store: S3Store, segments: readonly Segment[], start: number, end: number): Slice[] {
  const slices: Slice[] = []
  let offset = 0
  for (const { id, size, inline } of segments) {
    const from = Math.max(start - offset, 0)
    const to = Math.min(end - offset, size)
    offset += size
    if (from >= to) continue
    if (!inline) slices.push({ bytes: undefined, id, start: from, end: to })
    else slices.push({ bytes: readInline(store, id).subarray(from, to), id, start: 0, end: to - from })
  }
  return slices
}

function readInline({ meta }: S3Store, id: string): Buffer {
  const bytes = meta.inline.get(id)
  if (!bytes) throw new Error(`inline bytes ${id} are missing or rotten`)
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}
