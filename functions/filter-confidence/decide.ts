import { EdgeloopError } from '../../lib/errors/index.ts'
import type { EventData, Sample, Thresholds } from '../../lib/events/index.ts'
import { draw } from './draws.ts'
import { enoughOf, overBudget } from './limits.ts'
import { twinOf } from './twin.ts'

type Classified = EventData<'photo.classified'>
export type Decision = Pick<Sample, 'band' | 'audit' | 'slice' | 'reason'>
type Reason = Decision['reason']

/**
 * Decides what a photo is worth. Unreadable ones and near duplicates are rejected; a fixed random slice goes to people whatever the
 * model says; foreign ones, which the model knows nothing like, are no pseudo-labels, and people are asked about some of them;
 * uncertain ones and a small audited share of the confident go to people; the other confident ones are accepted as pseudo-labels,
 * as long as they do not outnumber those of rarer labels. The same photo, model version and context always get the same decision.
 *
 * @throws EdgeloopError INVALID_INPUT for a prediction without its model's thresholds
 */
export function decide(classified: Classified): Decision {
  const { prediction, thresholds } = classified
  if (!prediction)
    return reject({
      code: 'unreadable',
      text: classified.unreadable ?? 'the photo could not be classified',
      numbers: {},
    })

  // Nothing is wrong with the photo: to reject it as unreadable would lose it without a word.
  if (!thresholds)
    throw new EdgeloopError('INVALID_INPUT', 'the prediction came without the thresholds of its model', {
      where: 'data.thresholds',
      hint: "send photo.classified as classify answers it: thresholds are in the model's manifest",
    })

  const twin = twinOf(classified)
  if (twin) {
    const { photo, distance, similarity, alignment } = twin
    return reject({
      code: 'duplicate',
      text: `shows the same as photo ${photo.slice(0, 12)}, which was decided earlier`,
      numbers: {
        ...{ photo, distance },
        ...(similarity !== undefined && { similarity }),
        ...(alignment !== undefined && { alignment }),
      },
    })
  }

  const wanted = band(classified, prediction, thresholds)
  if (wanted.band === 'reject') return wanted
  const refusal = overBudget(classified, wanted.band, wanted.audit || wanted.slice)
  return refusal ? reject({ ...refusal, numbers: { ...wanted.reason.numbers, ...refusal.numbers } }) : wanted
}

/** As if there were no budget. */
function band(
  classified: Classified,
  prediction: NonNullable<Classified['prediction']>,
  thresholds: Thresholds
): Decision {
  const { hash } = classified.photo
  const { confidence } = prediction
  const numbers = { confidence, accept: thresholds.accept }

  // By the photo alone: whatever models say over the years, the same photos are drawn.
  const inSlice = draw('slice', hash)
  if (inSlice < (thresholds.slice ?? 0))
    return review(
      {
        code: 'slice',
        text: 'drawn for a person, whatever the model says',
        numbers: { ...numbers, draw: inSlice, slice: thresholds.slice! },
      },
      { slice: true }
    )

  const foreign = foreignness(classified, thresholds)
  if (foreign) return foreign

  const sure = `${percent(confidence)} sure of ${prediction.labels[0]!.label}`
  if (confidence < thresholds.accept)
    return review({
      code: 'uncertain',
      text: `${sure}, below the ${percent(thresholds.accept)} of this model`,
      numbers,
    })

  const enough = enoughOf(classified)
  if (enough) return reject({ ...enough, numbers: { ...numbers, ...enough.numbers } })

  // Only of what would be accepted: it measures what is learnt from.
  const inAudit = draw('audit', hash, prediction.model.version)
  if (inAudit < thresholds.audit)
    return review(
      {
        code: 'audit',
        text: `${sure}, and drawn for a person to check`,
        numbers: { ...numbers, draw: inAudit, audit: thresholds.audit },
      },
      { audit: true }
    )
  return { band: 'accept', audit: false, slice: false, reason: { code: 'confident', text: sure, numbers } }
}

/** A decision about a photo that is like nothing the model knows, or like something that shows none of its labels. */
function foreignness({ photo, novelty }: Classified, thresholds: Thresholds): Decision | undefined {
  if (!novelty) return undefined
  const { distance, threshold, known, foreign } = novelty
  const drawn = draw('foreign', photo.hash)
  const share = thresholds.foreign ?? 0
  const drawing = { draw: drawn, share }
  // Some of either kind are asked about: one wrong answer must not hide a scene for ever.
  const decide = drawn < share ? review : reject
  if (foreign !== null && foreign > known)
    return decide({
      code: 'neither',
      text: 'looks more like a photo that shows none of the labels than like any that does',
      numbers: { known, foreign, ...drawing },
    })
  if (distance <= threshold) return undefined
  return decide({
    code: 'foreign',
    text: 'like nothing that the model knows',
    numbers: { distance, threshold, ...drawing },
  })
}

const reject = (reason: Reason): Decision => ({ band: 'reject', audit: false, slice: false, reason })

const review = (reason: Reason, flags: Partial<Pick<Decision, 'audit' | 'slice'>> = {}): Decision => ({
  ...{ band: 'review' as const, audit: false, slice: false },
  ...flags,
  reason,
})

/** Rounded down, so that nobody reads that 95 % are below 95 %, or that a model is 100 % sure. */
function percent(share: number): string {
  return `${Math.floor(share * 1000 + 1e-6) / 10} %`
}
