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
  /** An object's size and version, or undefined where there is none. */
  head(key: string, options?: RequestOptions): Promise<ObjectInfo | undefined>
  /**
   * Resolves once the store has acknowledged it. `CONFLICT` where a condition does not hold. A conditional put is sent
   * once: after `UNAVAILABLE` it may have happened, so read before trying again.
   */
  put(key: string, body: Uint8Array | string, options?: PutOptions): Promise<{ etag: string }>
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
