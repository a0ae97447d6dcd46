/** What the metadata database holds. @module */
import type { ChecksumName } from './checksum.ts'

/** A run of bytes that an object or a part is made of. */
export interface Segment {
  /** Names a file below `blobs/`, or a value of the database `inline`. */
  id: string
  size: number
  inline: boolean
}

export type Checksums = Partial<Record<ChecksumName, string>>

interface Content {
  size: number
  /** Without quotes. */
  etag: string
  /** Milliseconds since 1970. */
  modified: number
  checksums: Checksums
  segments: Segment[]
}

export interface ObjectRecord extends Content {
  /** Content-Type, x-amz-meta-* and the like, as they are given back. */
  headers: Record<string, string>
  checksumType: ChecksumType
  /** The multipart upload that made it: completing it again gives the same answer. */
  uploadId?: string
}

export type ChecksumType = 'FULL_OBJECT' | 'COMPOSITE'

export type PartRecord = Content

export interface UploadRecord {
  bucket: string
  key: string
  headers: Record<string, string>
  checksum: ChecksumName | undefined
  checksumType: ChecksumType
  started: number
}

export interface BucketRecord {
  created: number
}
