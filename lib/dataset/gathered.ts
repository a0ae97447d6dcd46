import pLimit from 'p-limit'
import { z } from 'zod'
import { EdgeloopError } from '../errors/index.ts'
import type { ObjectStore } from '../s3/index.ts'
import { photoOfKey } from './keys.ts'

/** How many records are read at the same time. */
const READS = 32

/** So many records that had to be read one by one are worth gathering anew. */
const MANY = 256

/** A record, or what is kept of it, as it stands under this entity tag. */
export interface Kept<T> {
  etag: string
  value: T
}

/** Small records, one a photo, each read once. */
export interface GatheredRecords<T> {
  /**
   * All of them, by photo: a list request for each thousand, and one read for each that is new or has changed. It is the
   * same map each time, in which later changes show, too.
   */
  all(): Promise<ReadonlyMap<string, Kept<T>>>
  /** Takes note of a record that this process has just written. */
  note(photo: string, record: Kept<T>): void
}

export interface GatheringOptions<R, T> {
  store: ObjectStore
  /** Where the records are, as `PREFIX/HASH.json`. */
  prefix: string
  record: z.ZodType<R>
  /** What is kept of a record. */
  keep(record: R): T
  kept: z.ZodType<T>
  /** Where what is kept of all of them stands, so that a process that starts later need not read them one by one. */
  gatheredAt: string
}

/**
 * Reads the records under a prefix. What has been read is known by entity tag for as long as the process lives, and
 * gathered in one object from time to time. Nothing depends on that object: where it is old, or gone, reads are spent.
 */
export function gatherRecords<R, T>(options: GatheringOptions<R, T>): GatheredRecords<T> {
  const { store, prefix, gatheredAt } = options
  const gathered = z.object({
    records: z.array(z.object({ photo: z.string(), etag: z.string(), value: options.kept })),
  })
  const known = new Map<string, Kept<T>>()
  /** Records that cannot be read, by photo: one of them must not stop all work. */
  const damaged = new Map<string, string>()
  let loaded = false
  /** Records read one by one since they were gathered. */
  let unsaved = 0
  /** What runs, and what those wait for who came meanwhile: it may have listed too early for them. */
  let running: Promise<void> | undefined
  let next: Promise<void> | undefined

  async function load(): Promise<void> {
    const found = await store.getJson(gatheredAt, gathered).catch((error: unknown) => {
      // It can be made anew of the records.
      if (error instanceof EdgeloopError && error.code === 'CORRUPT') return undefined
      throw error
    })
    for (const { photo, etag, value } of found?.value.records ?? [])
      if (!known.has(photo)) known.set(photo, { etag, value })
    loaded = true
  }

  async function refresh(): Promise<void> {
    if (!loaded) await load()
    const before = [...known.keys()]
    const listed = new Map<string, string>()
    for await (const { key, etag } of store.list(prefix))
      if (key.endsWith('.json')) listed.set(photoOfKey(key), etag)
    for (const photo of before) if (!listed.has(photo)) known.delete(photo)

    const read = pLimit(READS)
    const changed = [...listed].filter(
      ([photo, etag]) => known.get(photo)?.etag !== etag && damaged.get(photo) !== etag
    )
    await Promise.all(
      changed.map(([photo, etag]) =>
        read(async () => {
          const found = await store
            .getJson(`${prefix}${photo}.json`, options.record)
            .catch((error: unknown) => {
              if (!(error instanceof EdgeloopError && error.code === 'CORRUPT')) throw error
              console.error(`left out: ${error.message}`)
              damaged.set(photo, etag)
              known.delete(photo)
              return undefined
            })
          if (found) known.set(photo, { etag: found.etag, value: options.keep(found.value) })
        })
      )
    )
    unsaved += changed.length
    if (unsaved >= MANY) await save()
  }

  async function save(): Promise<void> {
    const records = [...known].map(([photo, record]) => ({ photo, ...record }))
    try {
      await store.putJson(gatheredAt, { records })
      unsaved = 0
    } catch {
      // Whoever reads some more tries again.
    }
  }

  function refreshed(): Promise<void> {
    if (!running) {
      running = refresh().finally(() => {
        running = undefined
      })
      return running
    }
    next ??= running
      .catch(() => {})
      .then(() => {
        next = undefined
        return refreshed()
      })
    return next
  }

  return {
    async all() {
      await refreshed()
      return known
    },
    note: (photo, record) => void known.set(photo, record),
  }
}
