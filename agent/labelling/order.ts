import { decodeFloat16 } from '../../lib/float16/index.ts'
import {
  hasAnswered,
  type Informative,
  mostInformative,
  type ReadFeatures,
  unitFeatures,
} from '../../lib/labelling/index.ts'
import type { DecisionIndex } from '../decision-index/index.ts'
import type { LabelBook } from './label-book.ts'
import { TEACHING } from './place.ts'

/**
 * The least certain photos, among which novelty chooses, and those that they are compared with. Half of what the cloud looks
 * at: this thread is the broker's, too.
 */
const CANDIDATES = 100
const REFERENCES = 64

/**
 * Photos that a person may be asked about and that nobody has, in the order in which to ask: what measures and second
 * opinions as they wait, then what teaches, by uncertainty and novelty. So many of either that there is enough to choose
 * from; whoever has passed them all asks again.
 *
 * @param passed photos that were looked at for this person already
 */
export async function* inOrder(
  by: string,
  passed: ReadonlySet<string>,
  book: LabelBook,
  decisions: Pick<DecisionIndex, 'features'>
): AsyncGenerator<string> {
  const held = book.claims.all().map(({ photo }) => photo)
  const out = new Set([...passed, ...held])
  const labels = book.labels()
  const urgent: string[] = []
  const teaching: Informative[] = []
  for (const { photo, place } of book.waiting()) {
    if (Math.max(urgent.length, teaching.length) >= CANDIDATES) break
    if (out.has(photo) || book.hasSkipped(photo, by)) continue
    const found = book.photo(photo)
    if (!found || hasAnswered(book.said(found).answers, labels, by)) continue
    const [kind, confidence] = place
    if (kind === TEACHING)
      teaching.push({ photo, backbone: decisions.features(photo)?.backbone ?? null, confidence })
    else urgent.push(photo)
  }
  yield* urgent
  const references = [...new Set([...held, ...book.tally.newest(REFERENCES)])].slice(0, REFERENCES)
  for await (const { photo } of mostInformative(teaching, references, featuresOf(decisions))) yield photo
}

function featuresOf(decisions: Pick<DecisionIndex, 'features'>): ReadFeatures {
  return (backbone, photo) => {
    const found = decisions.features(photo)
    return found?.backbone === backbone ? unitFeatures(decodeFloat16(found.bytes)) : undefined
  }
}
