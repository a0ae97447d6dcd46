import type { Database } from '../../lib/database/index.ts'
import {
  checkPerson,
  hasAnswered,
  type LabelQueue,
  type Question,
  standingAnswers,
} from '../../lib/labelling/index.ts'
import type { DecisionIndex } from '../decision-index/index.ts'
import type { Claim } from './claims.ts'
import type { LabelBook } from './label-book.ts'
import { inOrder } from './order.ts'

export interface AskingOptions {
  database: Database
  book: LabelBook
  decisions: Pick<DecisionIndex, 'features'>
}

/** Who is asked about what. */
export function createAsking({ database, book, decisions }: AskingOptions): Pick<LabelQueue, 'claim'> {
  const { claims } = book

  function isFor(by: string, photo: string): boolean {
    const found = book.photo(photo)
    if (!found?.place || book.hasSkipped(photo, by)) return false
    return !hasAnswered(book.said(found).answers, book.labels(), by)
  }

  /** Inside a transaction: asks a person about what is theirs or nobody's. */
  function askSync(by: string, photo: string): Question {
    return questionOf(claims.holdSync(photo, by, book.labels()))
  }

  function questionOf({ photo, labels, until }: Claim): Question {
    const found = book.photo(photo)!
    const { edge, device, mediaType, size } = found
    const second = standingAnswers(book.said(found).answers, labels).length > 0
    return { photo, mediaType, size, edge, device, labels, second, until: new Date(until).toISOString() }
  }

  /** Inside a transaction. */
  function askAgainSync(by: string, count: number): Question[] {
    const theirs = claims.all().filter((claim) => claim.by === by && isFor(by, claim.photo))
    return theirs.slice(0, count).map(({ photo }) => askSync(by, photo))
  }

  /** Inside a transaction: others may have been asked since it was looked at what is free. */
  function askNewlySync(by: string, wanted: readonly string[]): Question[] {
    const free = wanted.filter((photo) => !claims.of(photo) && isFor(by, photo))
    return free.map((photo) => askSync(by, photo))
  }

  return {
    async claim(person, { count = 1 } = {}) {
      const by = checkPerson(person)
      const questions = await database.transaction(() => askAgainSync(by, count))
      const passed = new Set(questions.map(({ photo }) => photo))
      for (let before = -1; questions.length < count && passed.size > before; ) {
        before = passed.size
        const order = inOrder(by, passed, book, decisions)
        for (;;) {
          const wanted = await next(order, count - questions.length)
          if (wanted.length === 0) break
          for (const photo of wanted) passed.add(photo)
          questions.push(...(await database.transaction(() => askNewlySync(by, wanted))))
        }
      }
      return questions
    },
  }
}

/** The next few of what may be many. */
async function next<T>(order: AsyncGenerator<T>, count: number): Promise<T[]> {
  const few: T[] = []
  while (few.length < count) {
    const { value, done } = await order.next()
    if (done) break
    few.push(value)
  }
  return few
}
