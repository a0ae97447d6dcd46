import { type Answer, type Outcome, outcomeOf, wantsAnswer } from '../../lib/labelling/index.ts'
import type { Random } from '../../lib/random/index.ts'

/** People who answer, some of them wrongly. */
export function createPeople(labels: readonly string[], wrongAnswers: number, random: Random) {
  const given = new Map<string, { truth: string; answers: Answer[] }>()
  let count = 0

  function answer(photo: string): void {
    const asked = given.get(photo)!
    const by = `person ${asked.answers.length + 1}`
    const draw = random.fork(`${photo} ${by}`)
    const others = labels.filter((label) => label !== asked.truth)
    const label = draw.chance(wrongAnswers) ? draw.pick(others) : asked.truth
    asked.answers.push({ by, at: '2026-01-01T00:00:00.000Z', label, among: [...labels] })
    count++
  }

  return {
    ask(photo: string, truth: string): void {
      if (!given.has(photo)) given.set(photo, { truth, answers: [] })
      answer(photo)
    },

    /** Asks other people about what is doubted, and about what the first ones disagree on. */
    askAgain(doubted: ReadonlyMap<string, string>): void {
      for (const [photo, { answers }] of given)
        while (wantsAnswer(answers, labels, doubted.get(photo))) answer(photo)
    },

    outcome: (photo: string): Outcome => outcomeOf(given.get(photo)?.answers ?? [], labels),

    /** How many answers they have given. */
    answers: () => count,
  }
}
