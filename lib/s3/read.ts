/** Reading an object as it arrives, from any of its bytes on. @module */
import { addAbortSignal, type Readable } from 'node:stream'
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { EdgeloopError } from '../errors/index.ts'
import { statusOf } from './map-error.ts'

interface Reading {
  client: S3Client
  bucket: string
  key: string
  /** The first byte that is wanted. */
  from: number
  ifMatch: string | undefined
  signal: AbortSignal | undefined
}

/** What it throws are the SDK's errors, except where the store answers something else than what was asked for. */
export async function* readObject({
  client,
  bucket,
  key,
  from,
  ifMatch,
  signal,
}: Reading): AsyncGenerator<Uint8Array> {
  const Range = from > 0 ? `bytes=${from}-` : undefined
  const command = new GetObjectCommand({ Bucket: bucket, Key: key, Range, IfMatch: ifMatch })
  const found = await client.send(command, { abortSignal: signal }).catch((thrown: unknown) => {
    // There is nothing from the end on.
    if (statusOf(thrown) === 416) return undefined
    throw thrown
  })
  if (!found?.Body) return
  const body = found.Body as Readable
  if (from > 0 && !found.ContentRange?.startsWith(`bytes ${from}-`)) {
    body.destroy()
    throw new EdgeloopError('INTERNAL', 'The object store does not read from the middle of an object.', {
      where: `s3://${bucket}/${key}`,
      hint: 'Use a store, and proxies before it, that know the header Range.',
    })
  }
  // Waiting for the answer is all that the SDK ends by itself.
  yield* signal ? addAbortSignal(signal, body) : body
}
