import type { EventData, Sample } from '../../lib/events/index.ts'

type Classified = EventData<'photo.classified'>
type Reason = Sample['reason']

/** The share of a day's budget that any photo may spend; what is left is for the photos that measure. */
const ORDINARY = 0.8

/**
 * Why the day's budget has no room for a photo of this band; undefined where it has.
 *
 * @param measures whether it was drawn: what measures must not be cut off by a busy morning
 */
export function overBudget(
  { budgets }: Classified,
  band: 'accept' | 'review',
  measures: boolean
): Reason | undefined {
  if (!budgets) return undefined
  const { day, bytesUploaded, labelsAsked, bytesPerDay, labelsPerDay } = budgets
  const share = measures ? 1 : ORDINARY
  if (band === 'review' && labelsPerDay !== undefined && labelsAsked >= labelsPerDay * share)
    return {
      code: 'budget',
      text: `people were asked about ${labelsAsked} photos on ${day}, of ${labelsPerDay} a day`,
      numbers: { labelsAsked, labelsPerDay, share },
    }
  if (bytesPerDay !== undefined && bytesUploaded >= bytesPerDay * share)
    return {
      code: 'budget',
      text: `${bytesUploaded} bytes went up or wait to, decided on ${day}, of ${bytesPerDay} a day`,
      numbers: { bytesUploaded, bytesPerDay, share },
    }
  return undefined
}

/** Why no more photos of its label are wanted from this edge; undefined where they are. */
export function enoughOf({ accepted, thresholds, prediction }: Classified): Reason | undefined {
  const perLabel = thresholds?.perLabel
  if (!accepted || !perLabel || !prediction) return undefined
  const { label } = prediction.labels[0]!
  const have = accepted[label] ?? 0
  const rarest = Math.min(...prediction.labels.map((each) => accepted[each.label] ?? 0))
  const most = Math.min(perLabel.most, Math.max(perLabel.least, Math.floor(perLabel.ratio * rarest)))
  if (have < most) return undefined
  return {
    code: 'enough',
    text: `this edge has accepted ${have} photos of ${label} already, and ${rarest} of its rarest label`,
    numbers: { accepted: have, rarest, most },
  }
}
