/** Access to one bucket of an S3 server. @module */
export { createObjectStore } from './create-object-store.ts'
export { type DownloadOptions, downloadObject, finishDownload } from './download.ts'
export { objectStoreFromEnv } from './from-env.ts'
export type {
  ListedObject,
  ListOptions,
  ObjectInfo,
  ObjectStore,
  PutOptions,
  ReadOptions,
  RequestOptions,
  StoredBytes,
} from './object-store.ts'
export type { ObjectStoreOptions } from './options.ts'
