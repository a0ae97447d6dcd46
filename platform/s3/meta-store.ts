/**
 * The metadata: one database, so that a condition, an object, its small bytes and the end of a multipart upload are one
 * transaction. Keys sort by their bytes in UTF-8, as S3's listings do.
 * @module
 */
import { z } from 'zod'
import { type Database, openDatabase, type Table } from '../../lib/database/index.ts'
import type { PendingBlob } from './blob-store.ts'
import {
  BucketSchema,
  type ObjectRecord,
  ObjectSchema,
  type PartRecord,
  PartSchema,
  type Segment,
  type UploadRecord,
  UploadSchema,
} from './records.ts'

export interface MetaStore {
  /** Reads and writes of `work` are one transaction; the promise resolves once it is on disk. */
  transaction: Database['transaction']
  /** By name. */
  buckets: Table<z.infer<typeof BucketSchema>>
  /** By bucket and key. */
  objects: Table<ObjectRecord>
  /** By id. */
  uploads: Table<UploadRecord>
  /** By upload and number. */
  parts: Table<PartRecord>
  /** The bytes of inline segments, by id. */
  inline: Table<Uint8Array>
  /** Inside of a transaction: lets a record refer to these bytes. */
  adopt(blob: PendingBlob): void
  /** Inside of a transaction: forgets inline bytes. Files are the blob store's to discard after the commit. */
  release(segments: readonly Segment[]): void
  /** Every file that a record refers to. */
  files(): Set<string>
  close(): Promise<void>
}

export async function openMetaStore(directory: string): Promise<MetaStore> {
  const database = await openDatabase(directory)
  const objects = database.table('objects', ObjectSchema)
  const parts = database.table('parts', PartSchema)
  const inline = database.table(
    'inline',
    z.custom<Uint8Array>((value) => value instanceof Uint8Array)
  )
  return {
    transaction: database.transaction,
    buckets: database.table('buckets', BucketSchema),
    objects,
    uploads: database.table('uploads', UploadSchema),
    parts,
    inline,
    adopt({ segment, bytes }) {
      if (bytes) inline.putSync(segment.id, bytes)
    },
    release(segments) {
      for (const segment of segments) if (segment.inline) inline.removeSync(segment.id)
    },
    files() {
      const ids = new Set<string>()
      for (const table of [objects, parts]) {
        for (const key of table.keys()) {
          for (const { id, inline } of table.get(key)?.segments ?? []) if (!inline) ids.add(id)
        }
      }
      return ids
    },
    close: database.close,
  }
}

/** After every key that starts with these characters, whichever follow. */
export function afterPrefix(prefix: string): string {
  return `${prefix}\u{10ffff}`
}
