import { crc32 } from 'node:zlib'
import { asBinary, type Database as LmdbStore, type RootDatabase } from 'lmdb'
import type { z } from 'zod'

/** A key, or the beginning of one: strings and numbers sort as they should, also inside lists. */
export type Key = string | number | (string | number)[]

export interface KeyRange {
  /** First key, included. */
  from?: Key
  /** Where to stop, excluded. */
  to?: Key
  reverse?: boolean
  limit?: number
}

/** What a key holds: a value, or bytes that no longer are one. */
export type Found<V> =
  | { value: V; size: number; corrupt?: never }
  | { corrupt: Uint8Array; size: number; why: string; value?: never }

/** Records under sorted keys. Each carries a checksum, because LMDB's pages carry none and SD cards rot. */
export interface Table<V> {
  /** The value, or undefined where there is none or only a corrupt one. */
  get(key: Key): V | undefined
  read(key: Key): Found<V> | undefined
  has(key: Key): boolean
  /** Only inside a transaction. Returns the bytes that the record takes. */
  putSync(key: Key, value: V): number
  /** Only inside a transaction. Returns whether there was one. */
  removeSync(key: Key): boolean
  keys(range?: KeyRange): Iterable<Key>
  count(): number
}

interface Codec {
  encode(value: unknown): Uint8Array
  decode(bytes: Uint8Array): unknown
}

const CHECKSUM_BYTES = 4

/** Opens a table whose values the schema describes; what does not fit it any more is reported as corrupt. */
export function openTable<V>(
  root: RootDatabase,
  name: string,
  schema: z.ZodType<V>,
  assertInTransaction: () => void
): Table<V> {
  // Plain MessagePack maps (no record extension), so that any other reader can make sense of the bytes.
  const store = root.openDB({ name, encoding: 'msgpack', useRecords: false } as { name: string }) as LmdbStore
  const codec = (store as unknown as { encoder: Codec }).encoder

  function parse(bytes: Buffer): Found<V> {
    const size = bytes.length
    if (size < CHECKSUM_BYTES) return { corrupt: bytes, size, why: 'cut off' }
    const body = bytes.subarray(CHECKSUM_BYTES)
    if (crc32(body) !== bytes.readUInt32LE(0)) return { corrupt: bytes, size, why: 'checksum does not match' }
    try {
      const parsed = schema.safeParse(codec.decode(body))
      if (parsed.success) return { value: parsed.data, size }
      const issue = parsed.error.issues[0]
      return { corrupt: bytes, size, why: `${issue?.path.join('.')}: ${issue?.message}` }
    } catch (error) {
      return { corrupt: bytes, size, why: error instanceof Error ? error.message : String(error) }
    }
  }

  function read(key: Key): Found<V> | undefined {
    const bytes = store.getBinary(key)
    return bytes === undefined ? undefined : parse(bytes)
  }

  return {
    read,
    get: (key) => read(key)?.value,
    has: (key) => store.doesExist(key),
    putSync(key, value) {
      assertInTransaction()
      const body = codec.encode(value)
      const bytes = Buffer.allocUnsafe(CHECKSUM_BYTES + body.length)
      bytes.writeUInt32LE(crc32(body), 0)
      bytes.set(body, CHECKSUM_BYTES)
      store.putSync(key, asBinary(bytes))
      return bytes.length
    },
    removeSync(key) {
      assertInTransaction()
      return store.removeSync(key)
    },
    keys: ({ from, to, reverse, limit } = {}) =>
      store.getKeys({
        // Backwards, LMDB starts at the end; both ways `from` is included and `to` is not.
        ...(reverse
          ? { start: to, end: from, exclusiveStart: true, inclusiveEnd: true }
          : { start: from, end: to }),
        reverse,
        limit,
      }) as Iterable<Key>,
    count: () => (store.getStats() as { entryCount: number }).entryCount,
  }
}
