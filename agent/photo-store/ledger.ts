import { z } from 'zod'
import type { Database } from '../../lib/database/index.ts'

/**
 * What a photo is good for, once no event speaks of it any more: `needed`, it has no outcome yet or waits for its upload;
 * `wanted`, its outcome is safe, but this is the only copy of something that a person may have to look at; `done`.
 */
export type Worth = 'needed' | 'wanted' | 'done'

/** What may go, in this order. */
const RANKS: readonly Worth[] = ['done', 'wanted']

/**
 * Which photos this edge keeps and which of them may go, in the same database as the events that need them: a step of a
 * photo and what follows from it for the file are on disk together, or not at all. The `…Sync` methods are for use inside
 * `database.transaction`.
 */
export interface PhotoLedger {
  /** The photo is kept from now on; its file is on disk already. */
  keepSync(photo: string, sequence: number): void
  /** Whether it is kept; its file may have been damaged or lost all the same. */
  keeps(photo: string): boolean
  /** Whether it is kept and has to be. */
  needs(photo: string): boolean
  /** An event speaks of the photo, and waits or is a dead letter that can be replayed. */
  holdSync(photo: string): void
  /** One such event is gone. Where it was the last and was discarded, nothing will ever come of the photo. */
  releaseSync(photo: string, how: 'acknowledged' | 'discarded'): void
  /** What the photo is worth may have changed. */
  reviewSync(photo: string): void
  /** Photos that may go, those that are done first, each kind by the edge's own sequence numbers. */
  removable(limit: number): string[]
  /** Its file is gone. */
  forgetSync(photo: string): void
  /** Whether it has begun; before, nothing is known of photos that were stored earlier. */
  begun(): boolean
  /** Takes over what there is: photos with their sequence numbers, and one photo for each event that speaks of one. */
  beginSync(photos: ReadonlyMap<string, number>, held: Iterable<string>): void
}

const count = z.int().nonnegative()
const entry = z.object({
  sequence: count,
  /** Whether the last event about it was discarded before it came to an end. */
  abandoned: z.boolean(),
})

/** @param worthOf reads the same database, inside the transaction */
export function createPhotoLedger(database: Database, worthOf: (photo: string) => Worth): PhotoLedger {
  const kept = database.table('photos.kept', entry)
  /** photo → events; none where there is no event */
  const held = database.table('photos.held', count)
  /** [rank, sequence, photo] */
  const free = database.table('photos.removable', z.null())
  const state = database.table('photos.state', z.literal('begun'))

  /** Photos that cannot go: an unreadable record holds its photo, too, rather than to risk it. */
  function rankOf(photo: string, { abandoned }: z.infer<typeof entry>): number {
    if (held.has(photo)) return -1
    const worth = worthOf(photo)
    return RANKS.indexOf(abandoned && worth === 'needed' ? 'done' : worth)
  }

  function reviewSync(photo: string): void {
    const found = kept.get(photo)
    if (!found) return
    const now = rankOf(photo, found)
    for (const rank of RANKS.keys()) {
      const key = [rank, found.sequence, photo]
      if (rank === now) free.putSync(key, null)
      else free.removeSync(key)
    }
  }

  function keepSync(photo: string, sequence: number): void {
    forgetSync(photo)
    kept.putSync(photo, { sequence, abandoned: false })
    reviewSync(photo)
  }

  function forgetSync(photo: string): void {
    const found = kept.get(photo)
    if (found) for (const rank of RANKS.keys()) free.removeSync([rank, found.sequence, photo])
    kept.removeSync(photo)
  }

  function holdSync(photo: string): void {
    const found = held.read(photo)
    if (found?.corrupt) return
    held.putSync(photo, (found?.value ?? 0) + 1)
    if (!found) reviewSync(photo)
  }

  return {
    keepSync,
    forgetSync,
    holdSync,
    reviewSync,
    keeps: (photo) => kept.has(photo),

    needs(photo) {
      const found = kept.read(photo)
      if (!found?.value) return found !== undefined
      const { sequence } = found.value
      return !RANKS.some((_worth, rank) => free.has([rank, sequence, photo]))
    },

    releaseSync(photo, how) {
      const events = held.get(photo)
      if (events === undefined) return
      if (events > 1) {
        held.putSync(photo, events - 1)
        return
      }
      held.removeSync(photo)
      const found = kept.get(photo)
      if (found && how === 'discarded') kept.putSync(photo, { ...found, abandoned: true })
      reviewSync(photo)
    },

    removable: (limit) => [...free.keys({ limit })].map((key) => String((key as (string | number)[])[2])),

    begun: () => state.has('state'),

    beginSync(photos, events) {
      for (const photo of events) holdSync(photo)
      for (const [photo, sequence] of photos) keepSync(photo, sequence)
      state.putSync('state', 'begun')
    },
  }
}
