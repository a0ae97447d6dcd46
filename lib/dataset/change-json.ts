import type { z } from 'zod'
import { EdgeloopError } from '../errors/index.ts'
import type { ObjectStore } from '../s3/index.ts'

/** So many others in a row are hardly ever faster. */
const ATTEMPTS = 20

/**
 * Changes a JSON object that others may change at the same moment: reads it, and writes it if nobody else did meanwhile;
 * otherwise begins anew. Where writing fails otherwise it may have happened: let `change` find out.
 *
 * @param change gets what stands there, which it leaves as it is; gives undefined where that may stay. What it throws
 *   ends it
 * @returns what stands there now
 * @throws EdgeloopError CONFLICT when others are always faster
 */
export async function changeJson<T>(
  store: ObjectStore,
  key: string,
  schema: z.ZodType<T>,
  change: (before: T | undefined) => T | undefined | Promise<T | undefined>
): Promise<{ value: T; etag: string } | undefined> {
  for (let attempt = 1; ; attempt++) {
    const before = await store.getJson(key, schema)
    const value = await change(before?.value)
    if (value === undefined) return before
    try {
      const condition = before ? { ifMatch: before.etag } : { ifAbsent: true }
      return { value, ...(await store.putJson(key, value, condition)) }
    } catch (error) {
      if (attempt === ATTEMPTS || !isConflict(error)) throw error
    }
  }
}

/** Whether somebody else was faster. */
export function isConflict(error: unknown): boolean {
  return error instanceof EdgeloopError && error.code === 'CONFLICT'
}
