import type { LabellingState } from '../../lib/labelling/index.ts'

/** How well people agree, and what their audits say of the pseudo-labels: a sentence each, where there is something to say. */
export function standingSentences({ agreement, audits, pseudoLabels }: LabellingState): string[] {
  const { answered, wrong, lower, upper } = audits
  const twice = agreement.asked === 1 ? '1 photo was' : `${agreement.asked} photos were`
  return [
    ...(agreement.asked > 0 ? [`${twice} answered by two or more people, ${agreement.agreed} alike.`] : []),
    ...(answered > 0
      ? [`${wrong} of ${answered} audited pseudo-labels were wrong (${percent(lower)} to ${percent(upper)}).`]
      : []),
    ...(pseudoLabels.stopped ? [`Pseudo-labels have stopped: ${pseudoLabels.why}.`] : []),
  ]
}

const percent = (share: number) => `${(share * 100).toFixed(1)} %`
