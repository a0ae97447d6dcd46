import type { Database } from '../../lib/database/index.ts'
import { type Answer, type PhotoAnswers, withArrived } from '../../lib/labelling/index.ts'
import { type Claims, createClaims } from './claims.ts'
import { createGivenOrder, type GivenOrder } from './given.ts'
import { placeOf } from './place.ts'
import { type AskedPhoto, type DoubtRecord, openTables, type PhotoRecord, type Place } from './records.ts'
import { createSaid } from './said.ts'
import { createTally, type Tally } from './tally.ts'

export interface LabelBookOptions {
  /** How long a claim holds, in milliseconds. @default 600000 */
  claimMs?: number
  /** Runs inside the transaction that has changed whether anybody has answered about a photo. */
  onChange?(photo: string): void
  /** Milliseconds since 1970. */
  clock?: () => number
}

/**
 * What people are asked about at this edge and what they have said, on its disk. The `…Sync` methods are for use inside
 * `database.transaction`.
 */
export interface LabelBook {
  readonly claims: Claims
  readonly given: GivenOrder
  readonly tally: Pick<Tally, 'newest' | 'state'>
  /** People are to look at a photo, whose file is here. */
  askSync(photo: AskedPhoto): void
  /** A photo's file is gone: nobody is asked about it any more, and what was said stays. */
  forgetSync(photo: string): void
  /** The labels of the model that serves. */
  offerSync(labels: readonly string[]): void
  /** Whether it is known that these are the model's. */
  offers(labels: readonly string[]): boolean
  /** The labels on offer: the model's, and those that people have given here. Sorted. */
  labels(): string[]
  photo(photo: string): PhotoRecord | undefined
  /** What people have said about a photo; nothing, at first. */
  said(photo: PhotoRecord): PhotoAnswers
  isAnswered(photo: string): boolean
  /** Replaces what is said about a photo. */
  writeSync(record: PhotoAnswers): void
  /** Takes in what others have said about a photo elsewhere. */
  learnSync(photo: string, answers: readonly Answer[]): void
  /** What the models of the newest training run doubt, by photo. Photos that people are not asked about here do not matter. */
  doubtSync(doubts: ReadonlyMap<string, DoubtRecord>): void
  /** Whether something else is doubted so far. */
  doubtsOtherwise(doubts: ReadonlyMap<string, DoubtRecord>): boolean
  /** This person is never asked about the photo again. */
  skipSync(photo: string, by: string): void
  hasSkipped(photo: string, by: string): boolean
  /** What waits for an answer, claimed or not, in the order in which it is asked about. */
  waiting(): Generator<{ photo: string; place: Place }>
  countWaiting(): number
}

const CLAIM_MS = 10 * 60_000

export function createLabelBook(database: Database, options: LabelBookOptions = {}): LabelBook {
  const { claimMs = CLAIM_MS, clock = Date.now, onChange } = options
  const tables = openTables(database)
  const said = createSaid(tables)
  const claims = createClaims(tables, { claimMs, clock })
  const tally = createTally()

  function labels(): string[] {
    return [...new Set([...(tables.labels.get('model') ?? []), ...said.labels()])].sort()
  }

  function saidAbout({ photo, audit, prediction }: PhotoRecord): PhotoAnswers {
    const predicted = prediction?.labels[0]?.label ?? null
    return said.about(photo) ?? { photo, audit, predicted, answers: [] }
  }

  /** Puts a photo among those that wait, or takes it from there. */
  function reviewSync(photo: string, offered: readonly string[]): void {
    const record = said.about(photo)
    if (record) database.afterCommit(() => tally.set(record, offered))
    const found = tables.photos.get(photo)
    if (!found) return
    const place = placeOf(found, saidAbout(found), offered, tables.doubts.get(photo))
    if (String(place) === String(found.place)) return
    if (found.place) tables.waiting.removeSync([...found.place, photo])
    if (place) tables.waiting.putSync([...place, photo], null)
    tables.photos.putSync(photo, { ...found, place })
  }

  /** "Neither" does not hold for labels that came later. */
  function reviewOfferSync(): void {
    const offered = labels()
    if (tables.labels.get('offered')?.join('\n') === offered.join('\n')) return
    tables.labels.putSync('offered', offered)
    for (const photo of said.neither()) reviewSync(photo, offered)
  }

  /** Photos here of which something else is doubted than before, or nothing any more. */
  function changedDoubts(doubts: ReadonlyMap<string, DoubtRecord>): string[] {
    const before = [...tables.doubts.keys()].map(String)
    const here = [...doubts.keys()].filter((photo) => tables.photos.has(photo))
    return [...new Set([...before, ...here])].filter((photo) => {
      const [old, now] = [tables.doubts.get(photo), doubts.get(photo)]
      return old?.label !== now?.label || old?.probability !== now?.probability
    })
  }

  function writeSync(record: PhotoAnswers): void {
    const { photo } = record
    said.writeSync(record)
    reviewOfferSync()
    reviewSync(photo, labels())
    onChange?.(photo)
  }

  const offeredAtStart = labels()
  for (const photo of said.photos()) {
    const record = said.about(photo)
    if (record) tally.set(record, offeredAtStart)
  }

  return {
    claims,
    given: createGivenOrder(tables),
    tally,
    labels,
    said: saidAbout,

    askSync(asked) {
      const { photo } = asked
      tables.photos.putSync(photo, { ...asked, here: true, place: tables.photos.get(photo)?.place ?? null })
      reviewSync(photo, labels())
    },

    forgetSync(photo) {
      const found = tables.photos.get(photo)
      if (!found) return
      claims.dropSync(photo)
      tables.skipped.removeSync(photo)
      tables.photos.putSync(photo, { ...found, here: false })
      reviewSync(photo, labels())
      if (saidAbout(found).answers.length === 0) tables.photos.removeSync(photo)
    },

    offerSync(offered) {
      tables.labels.putSync('model', [...offered])
      reviewOfferSync()
    },

    offers: (labels) => tables.labels.get('model')?.join('\n') === labels.join('\n'),

    photo: (photo) => tables.photos.get(photo),
    isAnswered: (photo) => (said.about(photo)?.answers.length ?? 0) > 0,

    writeSync,

    learnSync(photo, answers) {
      const found = tables.photos.get(photo)
      if (!found) return
      const before = saidAbout(found)
      const after = answers.reduce((record, each) => withArrived(record, each) ?? record, before)
      if (after !== before) writeSync(after)
    },

    doubtsOtherwise: (doubts) => changedDoubts(doubts).length > 0,

    doubtSync(doubts) {
      for (const photo of changedDoubts(doubts)) {
        const doubt = doubts.get(photo)
        if (doubt) tables.doubts.putSync(photo, doubt)
        else tables.doubts.removeSync(photo)
        reviewSync(photo, labels())
      }
    },

    skipSync(photo, by) {
      tables.skipped.putSync(photo, [...new Set([...(tables.skipped.get(photo) ?? []), by])])
      claims.endSync(photo, by)
    },
    hasSkipped: (photo, by) => tables.skipped.get(photo)?.includes(by) ?? false,

    *waiting() {
      for (const key of tables.waiting.keys()) {
        const [kind, within, photo] = key as [number, number, string]
        yield { photo, place: [kind, within] }
      }
    },
    countWaiting: () => tables.waiting.count(),
  }
}
