import type { Database } from '../../lib/database/index.ts'
import { EdgeloopError } from '../../lib/errors/index.ts'
import type { EdgeloopEvent } from '../../lib/events/index.ts'
import {
  type Answer,
  checkLabel,
  checkPerson,
  type LabelQueue,
  lastSaid,
  type PhotoAnswers,
  withArrived,
  withTakenBack,
} from '../../lib/labelling/index.ts'
import { labelledEvent, unlabelledEvent } from './events.ts'
import type { LabelBook } from './label-book.ts'
import type { PhotoRecord } from './records.ts'

export interface AnsweringOptions {
  edge: string
  /** Where the answers belong. */
  dataset: string
  database: Database
  book: LabelBook
  /**
   * Inside a transaction: has an event carried on.
   * @returns how many functions get it
   */
  publishSync(event: EdgeloopEvent): number
  /** Milliseconds since 1970. */
  clock(): number
}

/** What people say. Each of it is on disk together with the event that carries it to the cloud. */
export function createAnswering(options: AnsweringOptions): Pick<LabelQueue, 'answer' | 'skip' | 'undo'> {
  const { edge, dataset, database, book, publishSync, clock } = options
  const { claims } = book

  function existing(photo: string): PhotoRecord {
    const found = book.photo(photo)
    if (found) return found
    throw new EdgeloopError('NOT_FOUND', `nobody is asked about photo ${photo.slice(0, 12)} at this edge`, {
      where: photo,
      hint: 'answer what was claimed; a photo may have been removed to make room',
    })
  }

  /** A moment after everything that the person has said about the photo, however the clock was set meanwhile. */
  function momentAfter(record: PhotoAnswers, by: string): string {
    const last = lastSaid(record, by)
    return new Date(last === undefined ? clock() : Math.max(clock(), last + 1)).toISOString()
  }

  /** @throws EdgeloopError CONFLICT where somebody else has the photo, or has answered and nobody else is asked */
  function checkFree({ place }: PhotoRecord, { photo, answers }: PhotoAnswers, by: string): void {
    const holder = claims.of(photo)
    const isAsked = place !== null || answers.some((each) => each.by === by)
    if (isAsked && (holder === undefined || holder.by === by)) return
    const others = answers.map((each) => each.by).join(' and ')
    const why = isAsked ? 'somebody else is being asked about' : `${others || 'somebody else'} answered about`
    throw new EdgeloopError('CONFLICT', `${why} photo ${photo.slice(0, 12)}`, {
      where: photo,
      hint: 'claim another one',
    })
  }

  /** @throws EdgeloopError UNAVAILABLE where nothing would carry it to the cloud: to take it would be to lose it */
  function sendSync(event: EdgeloopEvent): void {
    if (publishSync(event) > 0) return
    throw new EdgeloopError('UNAVAILABLE', 'no function of this edge takes answers to the cloud', {
      where: event.type,
      hint: `deploy upload-sample with events/${event.type} among its topics, as in stack.yml`,
    })
  }

  return {
    answer: ({ photo, by: person, label: given, isNew = false }) =>
      database.transaction(() => {
        const by = checkPerson(person)
        const asked = existing(photo)
        const before = book.said(asked)
        checkFree(asked, before, by)
        const label = given === null ? null : checkLabel(given, book.labels(), isNew)
        // What a person was not offered they cannot have ruled out.
        const among = claims.of(photo)?.labels ?? book.labels()
        const answer: Answer = { by, at: momentAfter(before, by), label, among }
        book.writeSync(withArrived(before, answer) ?? before)
        book.given.addSync(by, { photo, at: answer.at })
        claims.endSync(photo, by)
        sendSync(labelledEvent({ edge, dataset }, before, answer))
        return { prediction: asked.prediction }
      }),

    skip: (photo, by) =>
      database.transaction(() => {
        existing(photo)
        book.skipSync(photo, checkPerson(by))
      }),

    undo: (person) =>
      database.transaction(() => {
        const by = checkPerson(person)
        const last = book.given.takeSync(by, (each) => stands(by, each))
        const asked = last && book.photo(last.photo)
        if (!asked) return undefined
        const before = book.said(asked)
        const at = momentAfter(before, by)
        book.writeSync(withTakenBack(before, { by, at }) ?? before)
        // Somebody else may have it where a second person was asked, and a file that is gone cannot be shown to anybody.
        if (book.photo(asked.photo)?.place && !claims.of(asked.photo))
          claims.holdSync(asked.photo, by, book.labels(), 'first')
        sendSync(unlabelledEvent({ edge, dataset }, before, { by, at }))
        return asked.photo
      }),
  }

  /** Whether an answer is still the one that its person gave last. */
  function stands(by: string, { photo, at }: { photo: string; at: string }): boolean {
    const asked = book.photo(photo)
    return asked !== undefined && book.said(asked).answers.some((each) => each.by === by && each.at === at)
  }
}
