import { judge } from '../../functions/promote-model/judge.ts'
import { judgeDrift } from '../../lib/drift/index.ts'
import { type Head, predictScores } from '../../lib/head/index.ts'
import { noveltyScorer } from '../../lib/novelty/index.ts'
import { createRandom } from '../../lib/random/index.ts'
import { type Sample as FitSample, fitHead, fitKnown } from '../../trainer/fit/index.ts'
import { findDoubts } from '../../trainer/job/doubts.ts'
import { thresholdsFor } from '../../trainer/job/thresholds.ts'
import { openEdge } from '../simulated-edge/edge.ts'
import { classified, type LabelledLook, type Model } from '../simulated-edge/model.ts'
import { createPeople } from './people.ts'
import type { Policy, Seen } from './policies.ts'
import type { Scenario } from './scenario.ts'
import { type Standing, standing } from './standing.ts'
import type { Streams } from './streams.ts'

/** One round of one run. */
export interface Round extends Standing {
  round: number
  /** Labels that people gave until then, the seed's included and the golden set's not. */
  labels: number
  /** How many of the round's photos people were asked about, second opinions not counted. */
  asked: number
  /** Photos of the round by fate. */
  fates: { ask: number; accept: number; drop: number }
  /** Bytes that went up until then. */
  bytes: number
  /** Accepted labels that are wrong, of so many, until then. */
  pseudo: { wrong: number; accepted: number }
  verdict: 'promote' | 'refuse' | 'inconclusive'
  /** After so many of the round's photos its edge says that the camera drifts; null where it does not. */
  alarm: number | null
  /** What the promotion changed about the accuracy on hidden photos. */
  change: number
}

/** What goes up of a photo beside its bytes. */
const RECORD_BYTES = 4500

interface Trained {
  model: Model
  /** Labels that people gave and other models find improbable, by photo. */
  doubted: Map<string, string>
}

/** Replays a stream: photos are decided on, people answer, a model is trained, judged, and serves the next round. */
export async function replay(
  policy: Policy,
  scenario: Scenario,
  streams: Streams,
  seed: number,
  /** How many photos our own policy asked about, by round. */
  budgets: readonly number[] = []
): Promise<Round[]> {
  const random = createRandom(`replay ${seed}`)
  const people = createPeople(streams.labels, scenario.wrongAnswers, random.fork('people'))
  const accepted = new Map<string, { look: LabelledLook; label: string }>()
  const asked = new Map<string, LabelledLook>()
  const edge = await openEdge()
  let bytes = 0
  let sequence = 0

  function samples(): FitSample[] {
    const of = ({ photo, features }: LabelledLook) => ({ hash: photo.hash, features, weight: 1 })
    const answered = [...asked.values()].flatMap((look) => {
      const outcome = people.outcome(look.photo.hash)
      return outcome.kind === 'label'
        ? [{ ...of(look), label: outcome.label, origin: 'person' as const }]
        : []
    })
    return [
      ...streams.seeds.map((look) => ({ ...of(look), label: look.label, origin: 'seed' as const })),
      ...answered,
      ...[...accepted.values()].map(({ look, label }) => ({ ...of(look), label, origin: 'pseudo' as const })),
    ]
  }

  async function train(round: number): Promise<Trained> {
    const used = samples()
    const { head, outOfFold } = await fitHead({ samples: used, labels: streams.labels, seed: round })
    const opinions = used.flatMap(({ hash, origin }) =>
      origin === 'pseudo' ? [] : (outOfFold.get(hash) ?? [])
    )
    const novelty = fitKnown(used, [], round)
    const items = used.map(({ hash: photo, label, origin }) => ({ photo, label, origin, edge: null }))
    return {
      model: {
        head,
        score: novelty ? noveltyScorer(novelty) : () => ({ distance: 0, known: 1, foreign: null }),
        threshold: novelty?.threshold ?? 2,
        usual: novelty?.usual ?? null,
        thresholds: thresholdsFor(streams.labels, used, opinions),
      },
      doubted: new Map(findDoubts(items, outOfFold).map(({ photo, label }) => [photo, label])),
    }
  }

  const rows = ({ head }: Model, looks: readonly LabelledLook[]) =>
    looks.map(({ features }) => predictScores(head, features))
  const truths = (head: Head, looks: readonly LabelledLook[]) =>
    looks.map(({ label }) => head.labels.indexOf(label))

  try {
    let serving = await train(0)
    const rounds: Round[] = []
    // Of the photos that the serving version saw.
    let distances: number[] = []
    for (const [i, photos] of streams.rounds.entries()) {
      const { model } = serving
      const seen = photos.map((look) => classified(model, look, {}, ++sequence))
      const drifting = seen.map(({ novelty }) => {
        distances.push(novelty!.distance)
        return model.usual !== null && judgeDrift(distances, model.usual).drifting
      })
      const alarm = drifting.indexOf(true)
      const fates = await policy.choose(
        seen.map(
          (data): Seen => ({
            prediction: data.prediction!,
            async decide() {
              const sample = await edge.decide(data)
              await edge.record(sample)
              return sample
            },
          })
        ),
        budgets[i] ?? 0,
        random.fork(`round ${i}`)
      )
      for (const [at, look] of photos.entries()) {
        const { hash, size } = look.photo
        if (fates[at] === 'drop') continue
        bytes += RECORD_BYTES + (fates[at] === 'ask' ? size : 0)
        if (fates[at] === 'ask') {
          asked.set(hash, look)
          people.ask(hash, look.label)
        } else accepted.set(hash, { look, label: seen[at]!.prediction!.labels[0]!.label })
      }
      people.askAgain(serving.doubted)
      const candidate = await train(i + 1)
      const judgement = judge({
        truths: truths(candidate.model.head, streams.golden),
        candidate: rows(candidate.model, streams.golden),
        serving: rows(model, streams.golden),
      })
      const verdict = policy.gated ? judgement.verdict : 'promote'
      const hidden = streams.hidden[i]!
      const before = standing(truths(model.head, hidden), rows(model, hidden), model.head)
      // What is doubted is told by every training, whether its model serves or not.
      serving = verdict === 'promote' ? candidate : { ...serving, doubted: candidate.doubted }
      if (verdict === 'promote') distances = []
      const after = standing(
        truths(serving.model.head, hidden),
        rows(serving.model, hidden),
        serving.model.head
      )
      const wrong = [...accepted.values()].filter(({ look, label }) => look.label !== label).length
      const count = (fate: string) => fates.filter((each) => each === fate).length
      rounds.push({
        round: i + 1,
        labels: streams.seeds.length + people.answers(),
        asked: count('ask'),
        fates: { ask: count('ask'), accept: count('accept'), drop: count('drop') },
        bytes,
        pseudo: { wrong, accepted: accepted.size },
        verdict,
        alarm: alarm < 0 ? null : alarm + 1,
        change: after.accuracy - before.accuracy,
        ...after,
      })
    }
    return rounds
  } finally {
    await edge.close()
  }
}
