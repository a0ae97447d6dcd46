/** What Edgeloop needs of an object store. @module */
import type { z } from 'zod'

export interface RequestOptions {
  signal?: AbortSignal | undefined
}

export interface PutOptions extends RequestOptions {
  /** @default 'application/octet-stream' */
  contentType?: string | undefined
  /** Only if nothing is there yet. */
  ifAbsent?: boolean | undefined
  /** Only if what is there has this ETag (as `get`, `head`, `list` and `put` gave it). */
  ifMatch?: string | undefined
}

export interface ReadOptions extends RequestOptions {
  /** The first byte that is wanted, from 0. @default 0 */
  from?: number | undefined
  /** Only if what is there has this ETag. */
  ifMatch?: string | undefined
}

export interface StoredBytes {
  body: Uint8Array
  /** Opaque: give it back as it is. */
  etag: string
  contentType: string | undefined
}

export interface ObjectInfo {
  /** Bytes. */
  size: number
  etag: string
  contentType: string | undefined
  lastModified: Date | undefined
}

export interface ListedObject {
  key: string
  /** Bytes. */
  size: number
  etag: string
  lastModified: Date
}

export interface ListOptions extends RequestOptions {
  /** Only keys after this one, in the order of their UTF-8 bytes. */
  startAfter?: string | undefined
}

/**
 * Objects of one bucket. Every method throws `UNAVAILABLE` (network, timeout, 5xx), `UNAUTHENTICATED` (401, 403),
 * `NOT_FOUND` (the bucket), `INVALID_INPUT` (the key) and the signal's reason where it is aborted.
 */
export interface ObjectStore {
  readonly endpoint: string
  readonly bucket: string
  /** The whole object, or undefined where there is none. */
  get(key: string, options?: RequestOptions): Promise<StoredBytes | undefined>
  /**
   * An object's bytes as they arrive, from any of them on; none where it has no more. Throws `NOT_FOUND` where there is
   * none, and `CONFLICT` where it is another one than `ifMatch` says.
   */
  read(key: string, options?: ReadOptions): AsyncIterable<Uint8Array>
  /** An object's size and version, or undefined where there is none. */
  head(key: string, options?: RequestOptions): Promise<ObjectInfo | undefined>
  /**
   * Resolves once the store has acknowledged it. `CONFLICT` where a condition does not hold. A conditional put is sent
   * once: after `UNAVAILABLE` it may have happened, so read before trying again.
   */
  put(key: string, body: Uint8Array | string, options?: PutOptions): Promise<{ etag: string }>
  /**
   * Puts a large object under a key that stands for these very bytes, such as their hash: what is there already stays.
   * After a failure the same call goes on where the last one broke off, also in another process: parts that have arrived
   * are not sent again. `UNAVAILABLE`, too, where somebody ended the upload meanwhile.
   */
  putInParts(
    key: string,
    body: Uint8Array,
    options?: Pick<PutOptions, 'contentType' | 'signal'>
  ): Promise<{ etag: string }>
  /** Forgets uploads in parts that began before a moment and were not completed. Returns how many. */
  abortUploads(prefix: string, before: Date, options?: RequestOptions): Promise<number>
  /** Deleting what is not there is no error. */
  delete(key: string, options?: RequestOptions): Promise<void>
  /** Keys in the order of their UTF-8 bytes, fetched a page at a time as they are consumed. */
  list(prefix: string, options?: ListOptions): AsyncIterable<ListedObject>
  /** JSON that the schema accepts, or undefined where there is none. `CORRUPT`, naming the key, where it is neither. */
  getJson<T>(
    key: string,
    schema: z.ZodType<T>,
    options?: RequestOptions
  ): Promise<{ value: T; etag: string } | undefined>
  /** Puts a value as JSON; its own `contentType` is `application/json`. */
  putJson(key: string, value: unknown, options?: Omit<PutOptions, 'contentType'>): Promise<{ etag: string }>
  /** Creates the bucket unless it is there. */
  ensureBucket(): Promise<void>
  /** Ends its connections. */
  close(): void
}
