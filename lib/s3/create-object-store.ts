/** The object store over S3. @module */
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import pLimit from 'p-limit'
import { EdgeloopError } from '../errors/index.ts'
import { createClients } from './clients.ts'
import { decodeJson, encodeJson } from './json.ts'
import { listObjects } from './list.ts'
import { mapS3Error, nameOf, statusOf } from './map-error.ts'
import type { ObjectStore } from './object-store.ts'
import { checkOptions, type ObjectStoreOptions } from './options.ts'
import { putInParts } from './put-in-parts.ts'
import { readObject } from './read.ts'
import { abortUpload, listUploads } from './uploads.ts'

const MAX_KEY_BYTES = 1024

/** Not every 404 means that: buckets can be missing, too, and some servers say it of an access key. */
const ABSENT = ['NoSuchKey', 'NotFound']

/**
 * Opens one bucket of an S3 server; nothing is sent before the first call. Throws `INVALID_INPUT` for its options.
 *
 * @example
 * const store = createObjectStore({ endpoint: 'http://127.0.0.1:9000', bucket: 'edgeloop', accessKeyId, secretAccessKey })
 * await store.put('runs/1.json', '{}', { ifAbsent: true })
 */
export function createObjectStore(given: ObjectStoreOptions): ObjectStore {
  const options = checkOptions(given)
  const { endpoint, bucket } = options
  const clients = createClients(options)
  const { retrying } = clients
  // Whoever waits for a socket inside of the agent is taken for a connection that does not come about.
  const limit = pLimit(options.maxSockets)

  /** Runs one request; whatever goes wrong leaves as an EdgeloopError, or as the signal's reason. */
  async function attempt<T>(
    key: string | undefined,
    signal: AbortSignal | undefined,
    work: () => Promise<T>
  ): Promise<T> {
    try {
      return await limit(async () => {
        signal?.throwIfAborted()
        return work()
      })
    } catch (thrown) {
      signal?.throwIfAborted()
      throw mapS3Error(thrown, { endpoint, bucket, key })
    }
  }

  /** As `attempt`, for what is consumed as it comes: its socket is taken until then. */
  async function* consume<T>(
    key: string,
    signal: AbortSignal | undefined,
    items: AsyncIterable<T>
  ): AsyncGenerator<T> {
    checkKey(key)
    const release = await new Promise<() => void>((granted) => {
      void limit(() => new Promise<void>((resolve) => granted(resolve)))
    })
    try {
      signal?.throwIfAborted()
      yield* items
    } catch (thrown) {
      signal?.throwIfAborted()
      throw mapS3Error(thrown, { endpoint, bucket, key })
    } finally {
      release()
    }
  }

  /** Undefined where there is no such object. */
  async function find<T>(key: string, signal: AbortSignal | undefined, work: () => Promise<T>) {
    checkKey(key)
    return attempt(key, signal, async () => {
      try {
        return await work()
      } catch (thrown) {
        if (statusOf(thrown) === 404 && ABSENT.includes(nameOf(thrown))) return undefined
        throw thrown
      }
    })
  }

  const store: ObjectStore = {
    endpoint,
    bucket,
    get: (key, { signal } = {}) =>
      find(key, signal, async () => {
        const command = new GetObjectCommand({ Bucket: bucket, Key: key })
        const { Body, ETag = '', ContentType } = await retrying.send(command, { abortSignal: signal })
        const body = Body ? await Body.transformToByteArray() : new Uint8Array()
        return { body, etag: ETag, contentType: ContentType }
      }),
    head: (key, { signal } = {}) =>
      find(key, signal, async () => {
        const command = new HeadObjectCommand({ Bucket: bucket, Key: key })
        const found = await retrying.send(command, { abortSignal: signal })
        const { ContentLength: size = 0, ETag: etag = '', ContentType: contentType } = found
        return { size, etag, contentType, lastModified: found.LastModified }
      }),
    read: (key, { from = 0, ifMatch, signal } = {}) =>
      consume(key, signal, readObject({ client: retrying, bucket, key, from, ifMatch, signal })),
    async put(key, body, { contentType = 'application/octet-stream', ifAbsent, ifMatch, signal } = {}) {
      checkKey(key)
      const command = new PutObjectCommand({
        Bucket: bucket,
        Key: key,
        Body: body,
        ContentType: contentType,
        IfNoneMatch: ifAbsent ? '*' : undefined,
        IfMatch: ifMatch,
      })
      const conditional = ifAbsent || ifMatch !== undefined
      const client = conditional ? clients.once : retrying
      return attempt(key, signal, async () => {
        try {
          const { ETag = '' } = await client.send(command, { abortSignal: signal })
          return { etag: ETag }
        } catch (thrown) {
          // What If-Match should replace has gone.
          if (ifMatch === undefined || nameOf(thrown) !== 'NoSuchKey') throw thrown
          throw new EdgeloopError('CONFLICT', `s3://${bucket}/${key} has been deleted.`, { where: key })
        }
      })
    },
    async putInParts(key, body, { contentType = 'application/octet-stream', signal } = {}) {
      const standing = await store.head(key, { signal })
      if (standing) return { etag: standing.etag }
      const etag = await putInParts({
        client: retrying,
        once: clients.once,
        bucket,
        key,
        body,
        contentType,
        checksum: options.checksums === 'WHEN_SUPPORTED' ? 'CRC32' : undefined,
        signal,
        attempt: (work) => attempt(key, signal, work),
      })
      const found = etag === undefined ? await store.head(key, { signal }) : { etag }
      if (found) return { etag: found.etag }
      throw new EdgeloopError('UNAVAILABLE', `Somebody else has ended the upload of s3://${bucket}/${key}.`, {
        where: key,
        hint: 'Try again: it begins anew.',
      })
    },
    async abortUploads(prefix, before, { signal } = {}) {
      const where = { client: retrying, bucket, signal }
      const run = <T>(work: () => Promise<T>) => attempt(prefix, signal, work)
      let aborted = 0
      for await (const upload of listUploads(where, prefix, run)) {
        if (upload.started >= before) continue
        await abortUpload(where, upload, run)
        aborted++
      }
      return aborted
    },
    async delete(key, { signal } = {}) {
      checkKey(key)
      await attempt(key, signal, async () => {
        const command = new DeleteObjectCommand({ Bucket: bucket, Key: key })
        await retrying.send(command, { abortSignal: signal })
      })
    },
    list: (prefix, { startAfter, signal } = {}) =>
      listObjects({ client: retrying, bucket, prefix, startAfter, signal }, (work) =>
        attempt(prefix, signal, work)
      ),
    async getJson(key, schema, requestOptions) {
      const found = await store.get(key, requestOptions)
      return found && { value: decodeJson(found.body, schema, `s3://${bucket}/${key}`), etag: found.etag }
    },
    putJson: async (key, value, putOptions) =>
      store.put(key, encodeJson(value, key), { ...putOptions, contentType: 'application/json' }),
    async ensureBucket() {
      await attempt(undefined, undefined, async () => {
        try {
          await retrying.send(new HeadBucketCommand({ Bucket: bucket }))
        } catch (thrown) {
          if (statusOf(thrown) !== 404) throw thrown
          await retrying.send(new CreateBucketCommand({ Bucket: bucket })).catch(ignoreExisting)
        }
      })
    },
    close: clients.close,
  }
  return store
}

function ignoreExisting(thrown: unknown): void {
  if (nameOf(thrown) !== 'BucketAlreadyOwnedByYou') throw thrown
}

function checkKey(key: string): void {
  const bytes = Buffer.byteLength(key)
  if (bytes >= 1 && bytes <= MAX_KEY_BYTES) return
  throw new EdgeloopError('INVALID_INPUT', `A key has 1 to ${MAX_KEY_BYTES} bytes, this one has ${bytes}.`, {
    where: `${key.slice(0, 80)}…`,
  })
}
