import { z } from 'zod'
import type { Database } from '../../lib/database/index.ts'
import { createPins, type Pin, type PinnedBytes } from './pins.ts'

/**
 * What a photo is good for, once no event speaks of it any more: `needed`, it has no outcome yet or waits for its upload;
 * `pinned`, people know what is on it, or it measures what the model knows, and this is the only copy; `pinned-copy`, the
 * same, and the cloud has the photo, too; `wanted`, its outcome is safe, but this is the only copy of something that a
 * person may have to look at; `done`.
 */
export type Worth = 'needed' | 'pinned' | 'pinned-copy' | 'wanted' | 'done'

/** What may go: these, by their numbers in the database, and pinned photos of which there are too many. */
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
  /**
   * Photos that may go: those that are done, then pinned ones above their bound that the cloud has, too, then those that a
   * person may have to look at, then pinned ones above their bound; each kind by the edge's own sequence numbers.
   */
  removable(limit: number): string[]
  pinned(): PinnedBytes
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

export interface PhotoLedgerOptions {
  /** Reads the same database, inside the transaction. */
  worthOf(photo: string): Worth
  /** What a photo's file takes; likewise. */
  bytesOf(photo: string): number
  /** What pinned photos may take together, in bytes; asked whenever it matters. */
  maxPinnedBytes(): number
  /** Runs inside the transaction that forgets a photo, whose file is gone. */
  onForget(photo: string): void
}

export function createPhotoLedger(database: Database, options: PhotoLedgerOptions): PhotoLedger {
  const { worthOf, bytesOf, onForget } = options
  const kept = database.table('photos.kept', entry)
  /** photo → events; none where there is no event */
  const held = database.table('photos.held', count)
  /** [rank, sequence, photo] */
  const free = database.table('photos.removable', z.null())
  const state = database.table('photos.state', z.literal('begun'))
  const pins = createPins(database, options.maxPinnedBytes)

  /** Held photos cannot go: an unreadable record holds its photo, too, rather than to risk it. */
  function worthNow(photo: string, { abandoned }: z.infer<typeof entry>): Worth {
    if (held.has(photo)) return 'needed'
    const worth = worthOf(photo)
    return abandoned && worth === 'needed' ? 'done' : worth
  }

  /** Puts a photo where its worth says, and takes it from wherever else it was. */
  function placeSync(photo: string, sequence: number, worth: Worth): void {
    for (const [rank, each] of RANKS.entries()) {
      const key = [rank, sequence, photo]
      if (each === worth) free.putSync(key, null)
      else free.removeSync(key)
    }
    for (const [each, pin] of pinsOf(photo, sequence)) {
      if (each !== worth) pins.removeSync(pin)
      else if (!pins.has(pin)) pins.putSync(pin, bytesOf(photo))
    }
  }

  function reviewSync(photo: string): void {
    const found = kept.get(photo)
    if (found) placeSync(photo, found.sequence, worthNow(photo, found))
  }

  function keepSync(photo: string, sequence: number): void {
    const found = kept.get(photo)
    if (found) placeSync(photo, found.sequence, 'needed')
    kept.putSync(photo, { sequence, abandoned: false })
    reviewSync(photo)
  }

  function forgetSync(photo: string): void {
    const found = kept.get(photo)
    if (found) placeSync(photo, found.sequence, 'needed')
    kept.removeSync(photo)
    onForget(photo)
  }

  function* freeOf(rank: number): Generator<string> {
    for (const key of free.keys({ from: [rank], to: [rank + 1] }))
      yield String((key as (string | number)[])[2])
  }

  function* inOrder(): Generator<string> {
    yield* freeOf(RANKS.indexOf('done'))
    // The cloud has them, which it has not of what follows.
    yield* pins.surplus('copy')
    yield* freeOf(RANKS.indexOf('wanted'))
    yield* pins.surplus('only')
  }

  function holdSync(photo: string): void {
    const found = held.read(photo)
    if (found?.corrupt) return
    held.putSync(photo, (found?.value ?? 0) + 1)
    if (!found) reviewSync(photo)
  }

  function isSurplus({ photo, kind }: Pin): boolean {
    for (const each of pins.surplus(kind)) if (each === photo) return true
    return false
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
      if (RANKS.some((_worth, rank) => free.has([rank, sequence, photo]))) return false
      return !pinsOf(photo, sequence).some(([, pin]) => pins.has(pin) && isSurplus(pin))
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

    removable(limit) {
      const photos: string[] = []
      for (const photo of inOrder()) if (photos.push(photo) >= limit) break
      return photos
    },
    pinned: pins.bytes,

    begun: () => state.has('state'),

    beginSync(photos, events) {
      for (const photo of events) holdSync(photo)
      for (const [photo, sequence] of photos) keepSync(photo, sequence)
      state.putSync('state', 'begun')
    },
  }
}

/** A photo as either kind of pin. */
function pinsOf(photo: string, sequence: number): [Worth, Pin][] {
  return [
    ['pinned-copy', { photo, sequence, kind: 'copy' }],
    ['pinned', { photo, sequence, kind: 'only' }],
  ]
}
