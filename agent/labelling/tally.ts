import {
  judgePseudoLabels,
  type LabellingState,
  type Outcome,
  outcomeOf,
  type PhotoAnswers,
  pooledAudits,
  standingAnswers,
} from '../../lib/labelling/index.ts'

/** What one photo counts as. */
interface Counted {
  kind: Outcome['kind']
  /** By how many people, and whether all of them said the same. */
  people: number
  agreed: boolean
}

/** How labelling goes, in memory: counting again for each look would read all that people have ever said. */
export interface Tally {
  /** Counts a photo anew. @param labels those on offer */
  set(record: PhotoAnswers, labels: readonly string[]): void
  /** The answered photos, those of the newest answers first. */
  newest(limit: number): string[]
  /** @param labels those on offer */
  state(labels: readonly string[]): Omit<LabellingState, 'waiting' | 'claimed'>
}

/** How many of the newest answers are known in their order. */
const NEWEST = 100

export function createTally(): Tally {
  const counted = new Map<string, Counted>()
  const audits = new Map<string, PhotoAnswers>()
  /** The newest last. */
  const newest = new Map<string, string>()

  function noteMoment(photo: string, at: string): void {
    newest.delete(photo)
    newest.set(photo, at)
    if (newest.size <= NEWEST) return
    const [oldest] = [...newest].reduce((first, each) => (each[1] < first[1] ? each : first))
    newest.delete(oldest)
  }

  return {
    set(record, labels) {
      const { photo, answers, audit } = record
      const { kind } = outcomeOf(answers, labels)
      const given = standingAnswers(answers, labels).map(({ label }) => label)
      if (audit) audits.set(photo, record)
      const last = answers.at(-1)
      if (last) noteMoment(photo, last.at)
      else newest.delete(photo)
      if (kind === 'open') counted.delete(photo)
      else counted.set(photo, { kind, people: given.length, agreed: new Set(given).size === 1 })
    },

    newest: (limit) =>
      [...newest]
        .sort(([, a], [, b]) => (a < b ? 1 : -1))
        .slice(0, limit)
        .map(([photo]) => photo),

    state(labels) {
      const counts = { answered: counted.size, neither: 0, disputed: 0 }
      const agreement = { asked: 0, agreed: 0 }
      for (const { kind, people, agreed } of counted.values()) {
        if (kind === 'neither' || kind === 'disputed') counts[kind]++
        if (people < 2) continue
        agreement.asked++
        if (agreed) agreement.agreed++
      }
      const pooled = pooledAudits(audits.values(), labels)
      return {
        ...counts,
        labels: [...labels],
        agreement,
        audits: pooled,
        pseudoLabels: judgePseudoLabels(pooled),
      }
    },
  }
}
