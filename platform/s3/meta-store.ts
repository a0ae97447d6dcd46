/**
 * The metadata: one LMDB environment, so that a condition, an object, its small bytes and the end of a multipart upload
 * are one transaction. Keys are the bytes of bucket and key, whose order is the order of S3's listings.
 * @module
 */
import { type Database, open } from 'lmdb'
import type { PendingBlob } from './blob-store.ts'
import type { BucketRecord, ObjectRecord, PartRecord, Segment, UploadRecord } from './records.ts'

export interface MetaStore {
  /** Reads and writes of `work` are one transaction; the promise resolves once it is on disk. */
  transaction<T>(work: () => T): Promise<T>
  buckets: Database<BucketRecord, string>
  objects: Database<ObjectRecord, Buffer>
  uploads: Database<UploadRecord, string>
  parts: Database<PartRecord, Buffer>
  inline: Database<Buffer, string>
  /** Inside of a transaction: lets a record refer to these bytes. */
  adopt(blob: PendingBlob): void
  /** Inside of a transaction: forgets inline bytes. Files are the blob store's to discard after the commit. */
  release(segments: readonly Segment[]): void
  /** Every file that a record refers to. */
  files(): Set<string>
  close(): Promise<void>
}

export function openMetaStore(path: string): MetaStore {
  // Without overlapping syncs a resolved write is on disk; waiting writes share the next one.
  const root = open({ path, maxDbs: 8, overlappingSync: false })
  const buckets = root.openDB<BucketRecord, string>({ name: 'buckets' })
  const objects = root.openDB<ObjectRecord, Buffer>({ name: 'objects', keyEncoding: 'binary' })
  const uploads = root.openDB<UploadRecord, string>({ name: 'uploads' })
  const parts = root.openDB<PartRecord, Buffer>({ name: 'parts', keyEncoding: 'binary' })
  const inline = root.openDB<Buffer, string>({ name: 'inline', encoding: 'binary' })
  return {
    transaction: (work) => root.transaction(work),
    buckets,
    objects,
    uploads,
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
      for (const database of [objects, parts]) {
        for (const { value } of database.getRange()) {
          for (const segment of value.segments) if (!segment.inline) ids.add(segment.id)
        }
      }
      return ids
    },
    close: () => root.close(),
  }
}

/** No bucket name holds a zero byte, so that no key of one bucket sorts among those of another. */
export function objectKey(bucket: string, key: string | Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${bucket}\0`), typeof key === 'string' ? Buffer.from(key) : key])
}

/** Parts sort by upload and number. */
export function partKey(uploadId: string, number: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(number)
  return Buffer.concat([Buffer.from(`${uploadId}\0`), bytes])
}

/** The first key after all that start with these bytes; UTF-8 holds no 0xff. */
export function afterPrefix(prefix: Uint8Array): Buffer {
  return Buffer.concat([prefix, Buffer.from([0xff])])
}
