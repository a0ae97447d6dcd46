import type { Database } from '../lib/database/index.ts'
import { createSpool, type Spool } from '../lib/spool/index.ts'
import { type Delivery, deliverySchema } from './connector/index.ts'
import { photoOf } from './dead-letters/index.ts'
import { createDecisionIndex, type Decision, type DecisionIndex } from './decision-index/index.ts'
import { openSequences, type Sequences } from './intake/index.ts'
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
  sequences: Sequences
  ledger: PhotoLedger
  photos: PhotoStore
  bound: DiskBound
}

/** @param directory where the photos are */
export async function openKeptPhotos(
  database: Database,
  directory: string,
  limits?: DiskLimits
): Promise<KeptPhotos> {
  const decisions: DecisionIndex = createDecisionIndex(database, {
    onChange: (photo) => ledger.reviewSync(photo),
  })
  const ledger = createPhotoLedger(database, (photo) => worthOf(decisions.standing(photo)))
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
  const bound = createDiskBound({ database, photos, ledger, limits })
  return { spool, decisions, sequences, ledger, photos, bound }
}

/** What becomes of a photo's bytes, by what is decided about it. */
function worthOf(decision: Omit<Decision, 'features'> | undefined): Worth {
  if (!decision) return 'needed'
  const { outcome, uploaded, photoUploaded } = decision
  if (outcome === 'rejected' || outcome === 'dead') return 'done'
  if (!uploaded) return 'needed'
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
