/** What the metadata database holds. @module */
import { z } from 'zod'
import { CHECKSUM_NAMES } from './checksum.ts'

const Name = z.enum(CHECKSUM_NAMES)

/** A run of bytes that an object or a part is made of. */
const SegmentSchema = z.object({
  /** Names a file below `blobs/`, or a record of the table `inline`. */
  id: z.string(),
  size: z.int(),
  inline: z.boolean(),
})

const content = {
  size: z.int(),
  /** Without quotes. */
  etag: z.string(),
  /** Milliseconds since 1970. */
  modified: z.number(),
  /** Base64, by algorithm. */
  checksums: z.partialRecord(Name, z.string()),
  segments: z.array(SegmentSchema),
}

const ChecksumTypeSchema = z.enum(['FULL_OBJECT', 'COMPOSITE'])

/** Content-Type, x-amz-meta-* and the like, as they are given back. */
const headers = z.record(z.string(), z.string())

export const ObjectSchema = z.object({
  ...content,
  headers,
  checksumType: ChecksumTypeSchema,
  /** The multipart upload that made it: completing it again gives the same answer. */
  uploadId: z.string().optional(),
})

export const PartSchema = z.object(content)

export const UploadSchema = z.object({
  bucket: z.string(),
  key: z.string(),
  headers,
  checksum: Name.optional(),
  checksumType: ChecksumTypeSchema,
  started: z.number(),
})

export const BucketSchema = z.object({ created: z.number() })

export type Segment = z.infer<typeof SegmentSchema>
export type ObjectRecord = z.infer<typeof ObjectSchema>
export type PartRecord = z.infer<typeof PartSchema>
export type UploadRecord = z.infer<typeof UploadSchema>
export type ChecksumType = z.infer<typeof ChecksumTypeSchema>
export type Checksums = ObjectRecord['checksums']
