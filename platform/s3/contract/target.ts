/** What the contract suite runs against. @module */
import { GetObjectCommand, S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'

/** A running S3 server with an empty bucket. */
export interface S3Target {
  endpoint: string
  region?: string
  accessKeyId: string
  secretAccessKey: string
  bucket: string
  /** Also where good servers are known to differ from S3's reference, and where Edgeloop does not care. */
  strict?: boolean
  /** Stops and starts it again on the same data; tests that need it are skipped without it. */
  restart?(): Promise<void>
  close(): Promise<void>
}

export type ChecksumMode = 'WHEN_SUPPORTED' | 'WHEN_REQUIRED'

export function clientOf(
  target: S3Target,
  mode: ChecksumMode = 'WHEN_SUPPORTED',
  more: S3ClientConfig = {}
): S3Client {
  return new S3Client({
    endpoint: target.endpoint,
    region: target.region ?? 'us-east-1',
    credentials: { accessKeyId: target.accessKeyId, secretAccessKey: target.secretAccessKey },
    forcePathStyle: true,
    requestChecksumCalculation: mode,
    responseChecksumValidation: mode,
    maxAttempts: 1,
    ...more,
  })
}

/** The status that a call failed with; undefined where it did not fail. */
export async function failure(
  work: Promise<unknown>
): Promise<{ status: number | undefined; name: string } | undefined> {
  try {
    await work
    return undefined
  } catch (thrown) {
    const error = thrown as { name: string; $metadata?: { httpStatusCode?: number } }
    return { status: error.$metadata?.httpStatusCode, name: error.name }
  }
}

/** Bytes that do not repeat soon, the same in every run. */
export function noise(size: number, seed = 1): Buffer {
  const words = new Uint32Array(Math.ceil(size / 4))
  let state = seed
  for (let index = 0; index < words.length; index++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    words[index] = state
  }
  return Buffer.from(words.buffer, 0, size)
}

export async function read(client: S3Client, Bucket: string, Key: string): Promise<Buffer> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }))
  return Buffer.from(await Body!.transformToByteArray())
}
