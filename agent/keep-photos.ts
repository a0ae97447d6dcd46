import type { Database } from '../lib/database/index.ts'
import { createSpool, type Spool } from '../lib/spool/index.ts'
import { type Delivery, deliverySchema } from './connector/index.ts'
import { photoOf } from './dead-letters/index.ts'
import { createDecisionIndex, type Decision, type DecisionIndex } from './decision-index/index.ts'
import { openSequences, type Sequences } from './intake/index.ts'
import { createLabelBook, type LabelBook } from './labelling/index.ts'
import {
  createDiskBound,
  createPhotoLedger,
  createPhotoStore,
  type DiskBound,
  type DiskLimits,
  listPhotos,
  type PhotoLedger,
  type PhotoStore,
  type Worth,
} from './photo-store/index.ts'

/** What an edge has on its disk of its photos: all of it knows of each other in one database. */
export interface KeptPhotos {
  spool: Spool<Delivery>
  decisions: DecisionIndex
  book: LabelBook
  sequences: Sequences
  ledger: PhotoLedger
  photos: PhotoStore
  bound: DiskBound
}

/**
 * What pinned photos may take of all that photos may: what is learnt from and what measures stays at hand, and there is
 * always room for what comes.
 */
const PINNED_SHARE = 0.5

/** @param directory where the photos are */
export async function openKeptPhotos(
  database: Database,
  directory: string,
  limits?: DiskLimits
): Promise<KeptPhotos> {
  const onChange = (photo: string) => ledger.reviewSync(photo)
  const decisions: DecisionIndex = createDecisionIndex(database, { onChange })
  const book: LabelBook = createLabelBook(database, { onChange })
  const ledger: PhotoLedger = createPhotoLedger(database, {
    worthOf: (photo) => worthOf(decisions.standing(photo), book.isAnswered(photo)),
    bytesOf: (photo) => decisions.capturedBytes(photo) ?? 0,
    maxPinnedBytes: () => PINNED_SHARE * bound.limitBytes,
    onForget: book.forgetSync,
  })
  const spool = createSpool(database, 'events', deliverySchema, {
    onEnter(event) {
      const photo = photoOf(event)
      if (photo !== undefined) ledger.holdSync(photo)
    },
    onLeave(event, how) {
      const photo = photoOf(event)
      if (photo !== undefined) ledger.releaseSync(photo, how)
    },
  })
  const sequences = openSequences(database)
  if (!ledger.begun()) await takeOver({ database, ledger, spool, sequences, directory })
  const photos = await createPhotoStore(directory, { keeps: ledger.keeps })
  const bound: DiskBound = createDiskBound({ database, photos, ledger, limits })
  return { spool, decisions, book, sequences, ledger, photos, bound }
}

/** What becomes of a photo's bytes, by what is decided about it, and whether people know what is on it. */
function worthOf(decision: Omit<Decision, 'features'> | undefined, isAnswered: boolean): Worth {
  if (!decision) return 'needed'
  const { outcome, uploaded, photoUploaded, audit } = decision
  if (outcome === 'rejected' || outcome === 'dead') return 'done'
  if (!uploaded) return 'needed'
  // When the backbone changes, their features are computed anew, which takes the photo itself.
  if (isAnswered || audit) return photoUploaded ? 'pinned-copy' : 'pinned'
  // With the uplink `features` a person can only look at it here.
  return outcome === 'review' && !photoUploaded ? 'wanted' : 'done'
}

/** Photos of a time before there was a ledger, or of a database that was lost: no file goes because of that. */
async function takeOver({
  database,
  ledger,
  spool,
  sequences,
  directory,
}: Pick<KeptPhotos, 'ledger' | 'spool' | 'sequences'> & { database: Database; directory: string }) {
  const photos = new Map<string, number>()
  for (const photo of await listPhotos(directory)) photos.set(photo, 0)
  for (const photo of sequences.keys()) photos.set(String(photo), sequences.get(photo) ?? 0)
  const held: string[] = []
  for (const list of lists(spool)) {
    for (let page = list(); page.length > 0; page = list(page.at(-1)!.id)) {
      for (const { payload } of page) {
        const photo = photoOf(payload)
        if (photo !== undefined) held.push(photo)
      }
    }
  }
  await database.transaction(() => ledger.beginSync(photos, held))
}

/** Every entry of the spool, dead letters included: pages, by what follows the last entry of the page before. */
function lists({ queues, list, deadLetters }: Spool<Delivery>) {
  return [
    ...queues().map((queue) => (after?: string) => list(queue, { after, limit: 1000 })),
    (after?: string) => deadLetters.list({ after, limit: 1000 }),
  ]
}
