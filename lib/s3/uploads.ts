/** Uploads in parts that have not been completed. @module */
import {
  AbortMultipartUploadCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsOutput,
  type S3Client,
} from '@aws-sdk/client-s3'
import { nameOf } from './map-error.ts'

/** Runs one request and maps its errors. */
export type Attempt = <T>(work: () => Promise<T>) => Promise<T>

export interface Bucket {
  client: S3Client
  bucket: string
  signal: AbortSignal | undefined
}

interface UnfinishedUpload {
  key: string
  id: string
  started: Date
}

/** In the order of their keys, a page at a time. Some stores take nothing but a whole key for the prefix. */
export async function* listUploads(
  { client, bucket, signal }: Bucket,
  prefix: string,
  attempt: Attempt
): AsyncGenerator<UnfinishedUpload> {
  let last: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } | undefined = {}
  do {
    const command = new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix, ...last })
    const page: ListMultipartUploadsOutput = await attempt(() =>
      client.send(command, { abortSignal: signal })
    )
    for (const { Key: key, UploadId: id, Initiated: started } of page.Uploads ?? [])
      if (key !== undefined && id !== undefined && started) yield { key, id, started }
    const { IsTruncated, NextKeyMarker: KeyMarker, NextUploadIdMarker: UploadIdMarker } = page
    last = IsTruncated && KeyMarker !== undefined ? { KeyMarker, UploadIdMarker } : undefined
  } while (last)
}

/** Forgets an upload and its parts; one that has ended already is no error. */
export async function abortUpload(
  { client, bucket, signal }: Bucket,
  { key, id }: Pick<UnfinishedUpload, 'key' | 'id'>,
  attempt: Attempt
): Promise<void> {
  const command = new AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: id })
  await attempt(async () => {
    await client.send(command, { abortSignal: signal }).catch((thrown: unknown) => {
      if (nameOf(thrown) !== 'NoSuchUpload') throw thrown
    })
  })
}
