import { checkPerson, type Question } from '../../labelling/index.ts'
import type { Claim } from './claims.ts'
import { knownFeatures } from './known-features.ts'
import { inOrder, inPlainOrder } from './order.ts'
import type { Parts } from './parts.ts'
import type { AskedSample } from './samples.ts'
import { type Asked, asked, askedOf, type View } from './view.ts'

/** Photos whose resemblance makes another one less worth asking about. */
const REFERENCES = 128

/** Who is asked about what. */
export function createAsking({ store, answers, people, claims, watch, photoFrom }: Parts) {
  const features = knownFeatures(store)
  const isInReach = ({ withPhoto }: AskedSample) => withPhoto || photoFrom !== undefined
  const isHeld = (held: ReadonlyMap<string, Claim>) => (photo: string) => {
    const claim = held.get(photo)
    return claim !== undefined && claims.holds(claim)
  }

  /** Tries to get a photo for somebody. What the view says may be over by now. */
  async function take(view: View, { sample }: Asked, by: string, seen: Claim | undefined) {
    const { photo } = sample
    const claim = await claims.take({ photo, by, labels: [...view.labels] }, seen)
    if (!claim) return undefined
    // Who answers has the claim until the answer is there: it is, or nobody else has given one.
    const given = (await answers.get(photo))?.answers ?? []
    const still = askedOf(view, by, sample, given)
    if (still) return questionOf(still, claim)
    await claims.release(photo, by)
    return undefined
  }

  function questionOf({ sample, second }: Asked, claim: Claim): Question {
    const { photo, mediaType, size, edge, device } = sample
    return { photo, mediaType, size, edge, device, labels: claim.labels, second, until: claims.until(claim) }
  }

  /** Claims whose photos have been answered since; whoever had them was not there any more to end them. */
  async function clearAway(view: View, held: ReadonlyMap<string, Claim>): Promise<void> {
    for (const claim of [...held.values()]) {
      const sample = view.samples.get(claim.photo)?.value
      if (sample && !claims.holds(claim) && !asked(view, sample)) await claims.remove(claim.photo)
    }
  }

  /** What people know already, or are about to tell: the newest first. */
  function references(view: View, held: ReadonlyMap<string, Claim>): string[] {
    const answered = [...view.answers.values()]
      .map(({ value }) => ({ photo: value.photo, at: value.answers.at(-1)?.at ?? '' }))
      .sort((a, b) => (a.at > b.at ? -1 : 1))
    const photos = [...held.keys(), ...answered.map(({ photo }) => photo), ...view.seeds]
    return [...new Set(photos)].slice(0, REFERENCES)
  }

  return {
    isInReach,
    isHeld,

    async claim(person: string, { count = 1 }: { count?: number } = {}): Promise<Question[]> {
      const by = checkPerson(person)
      const [{ skipped }, held] = await Promise.all([people.get(by), claims.all()])
      let view = await watch.recent()
      const questions: Question[] = []
      /** Photos that were looked at. */
      const passed = new Set(skipped)

      const theirs = [...held.values()].filter((claim) => claim.by === by && claims.holds(claim))
      // Another process of theirs may have seen more.
      if (theirs.some(({ photo }) => !view.samples.has(photo))) view = await watch.anew()
      await clearAway(view, held)
      for (const claim of theirs.sort((a, b) => a.at - b.at)) {
        const sample = view.samples.get(claim.photo)?.value
        const still = sample && askedOf(view, by, sample)
        if (questions.length === count || passed.has(claim.photo) || !still) continue
        passed.add(claim.photo)
        const isCurrent = !claims.isOld(claim) && claim.labels.join('\n') === view.labels.join('\n')
        const question = isCurrent ? questionOf(still, claim) : await take(view, still, by, claim)
        if (question) questions.push(question)
      }

      for (let looked = false; ; looked = true) {
        const taken = isHeld(held)
        const open = [...view.samples.values()].flatMap(({ value }) => {
          if (passed.has(value.photo) || !isInReach(value) || taken(value.photo)) return []
          return askedOf(view, by, value) ?? []
        })
        if (questions.length < count)
          for await (const each of inOrder(open, references(view, held), features)) {
            const { photo } = each.sample
            passed.add(photo)
            const question = await take(view, each, by, held.get(photo))
            if (question) questions.push(question)
            if (questions.length === count) break
          }
        if (questions.length === count || looked) return questions
        view = await watch.anew()
      }
    },

    async waiting(): Promise<Asked[]> {
      const [view, held] = await Promise.all([watch.anew(), claims.all()])
      const taken = isHeld(held)
      return inPlainOrder(
        [...view.samples.values()].flatMap(({ value }) =>
          isInReach(value) && !taken(value.photo) ? (asked(view, value) ?? []) : []
        )
      )
    },
  }
}
