import { randomUUID } from 'node:crypto'
import pLimit from 'p-limit'
import { EdgeloopError } from '../../errors/index.ts'
import type { ListedObject, ObjectStore } from '../../s3/index.ts'
import { isConflict } from '../change-json.ts'
import { datasetKeys, photoOfKey } from '../keys.ts'
import { type ClaimRecord, claimRecord } from '../records.ts'

/** How many records are read at the same time. */
const READS = 32

/** Somebody is asked about a photo. */
export interface Claim extends ClaimRecord {
  etag: string
  /** When the bucket got it, by the bucket's clock; in milliseconds since 1970. */
  at: number
}

/** A claim that somebody would like to have. */
type Wanted = Omit<ClaimRecord, 'id'>

export interface ClaimOptions {
  /** How long a claim holds, in milliseconds. */
  claimMs: number
  /** How far the clocks of two machines may be apart, in milliseconds: who waits for the end of a claim waits longer. */
  clocksApartMs: number
}

/**
 * Who is asked about which photo. A claim is an object that only one can create, and only one can take over when it has
 * expired. Whoever holds it loses it a little later than they are told: so nobody takes it from under their hands.
 */
export function claimStore(store: ObjectStore, dataset: string, { claimMs, clocksApartMs }: ClaimOptions) {
  const keys = datasetKeys(dataset)
  const known = new Map<string, Claim>()

  /** Whether nobody else may take the photo. */
  const holds = ({ at }: Claim) => Date.now() < at + claimMs + clocksApartMs
  /** Whether whoever has it may rely on it. */
  const isSafe = ({ at }: Claim) => Date.now() < at + claimMs

  /** A claim never changes under its tag. */
  async function read({ key, etag, lastModified }: ListedObject): Promise<void> {
    const photo = photoOfKey(key)
    const seen = known.get(photo)
    if (seen?.etag === etag) {
      seen.at = lastModified.getTime()
      return
    }
    const found = await store.getJson(key, claimRecord)
    // Gone meanwhile, or taken over by somebody: then its time is not that of the list, and not far from it.
    if (found) known.set(photo, { ...found.value, etag: found.etag, at: lastModified.getTime() })
    else known.delete(photo)
  }

  /** As it stands in the bucket. */
  async function find(photo: string): Promise<Claim | undefined> {
    const key = keys.claim(photo)
    let there = false
    for await (const object of store.list(key)) {
      if (object.key !== key) continue
      there = true
      await read(object)
    }
    if (!there) known.delete(photo)
    return known.get(photo)
  }

  /**
   * @param seen the claim that is there, as far as is known
   * @returns undefined where somebody else has it
   */
  async function take(wanted: Wanted, seen: Claim | undefined): Promise<Claim | undefined> {
    if (seen && seen.by !== wanted.by && holds(seen)) return undefined
    // No two claims may have the same tag, which is a hash of what is in them: one could be taken over for the other.
    const claim = { ...wanted, id: randomUUID() }
    try {
      const condition = seen ? { ifMatch: seen.etag } : { ifAbsent: true }
      const { etag } = await store.putJson(keys.claim(claim.photo), claim, condition)
      const taken = { ...claim, etag, at: Date.now() }
      known.set(claim.photo, taken)
      return taken
    } catch (error) {
      // Not found: the claim that was to be taken over has ended.
      if (!isConflict(error) && !isNotFound(error)) throw error
      await find(claim.photo)
      return undefined
    }
  }

  return {
    holds,
    take,

    /** All that are in the bucket, by photo, expired ones included. */
    async all(): Promise<ReadonlyMap<string, Claim>> {
      const read32 = pLimit(READS)
      const listed: ListedObject[] = []
      const before = [...known.keys()]
      for await (const object of store.list(keys.claims)) listed.push(object)
      const there = new Set(listed.map(({ key }) => photoOfKey(key)))
      for (const photo of before) if (!there.has(photo)) known.delete(photo)
      await Promise.all(listed.map((object) => read32(() => read(object))))
      return known
    },

    /** ISO time until when it is theirs. */
    until: ({ at }: Claim) => new Date(at + claimMs).toISOString(),

    /** Whether so little of its time is left that whoever goes on with it should have it anew. */
    isOld: ({ at }: Claim) => Date.now() > at + claimMs / 2,

    /**
     * Makes sure that a photo is a person's: with the claim that they have, or else with a new one.
     * @throws EdgeloopError CONFLICT where somebody else has it
     */
    async hold(wanted: Wanted): Promise<Claim> {
      const { photo, by } = wanted
      const found = await find(photo)
      const theirs = found?.by === by && isSafe(found) ? found : await take(wanted, found)
      if (theirs) return theirs
      throw new EdgeloopError('CONFLICT', `somebody else is being asked about photo ${photo.slice(0, 12)}`, {
        where: photo,
        hint: 'claim another one',
      })
    },

    /** Lets others have a photo at once. Where the claim's end is near it ends by itself: it might be another one's. */
    async release(photo: string, by: string): Promise<void> {
      const claim = known.get(photo) ?? (await find(photo))
      if (claim?.by !== by || !isSafe(claim)) return
      await store.delete(keys.claim(photo))
      known.delete(photo)
    },

    /** For a claim that has expired, of a photo that nobody is asked about any more. */
    async remove(photo: string): Promise<void> {
      await store.delete(keys.claim(photo))
      known.delete(photo)
    },
  }
}

const isNotFound = (error: unknown) => error instanceof EdgeloopError && error.code === 'NOT_FOUND'
