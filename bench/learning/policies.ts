import type { Prediction, Sample } from '../../lib/events/index.ts'
import type { Random } from '../../lib/random/index.ts'

/** What becomes of a photo: a person is asked, the model's label is taken, or nothing. */
export type Fate = 'ask' | 'accept' | 'drop'

/** What a policy may go by. */
export interface Seen {
  prediction: Prediction
  /** What `filter-confidence` decides. */
  decide(): Promise<Sample>
}

export interface Policy {
  name: string
  /** Whether a model has to be better than the one that serves. */
  gated: boolean
  /** The fate of each of a round's photos. `budget`: how many our own policy asked people about in that round. */
  choose(photos: readonly Seen[], budget: number, random: Random): Promise<Fate[]>
}

const each = (name: string, gated: boolean, fate: (photo: Seen) => Fate): Policy => ({
  ...{ name, gated },
  choose: async (photos) => photos.map(fate),
})

export const OURS: Policy = {
  name: 'edgeloop',
  gated: true,
  async choose(photos) {
    const fates: Fate[] = []
    for (const photo of photos) fates.push(FATES[(await photo.decide()).band])
    return fates
  },
}
const FATES = { accept: 'accept', review: 'ask', reject: 'drop' } as const

/** Everything labelled, and whatever comes out of it served: as good as it gets. */
export const CEILING: Policy = each('everything labelled', false, () => 'ask')

export const RANDOM: Policy = {
  name: 'random labels',
  gated: true,
  async choose(photos, budget, random) {
    const drawn = new Set(random.shuffle(photos.map((_, i) => i)).slice(0, budget))
    return photos.map((_, i) => (drawn.has(i) ? 'ask' : 'drop'))
  },
}

export const CONFIDENT: Policy = each('confident only', true, ({ prediction }) =>
  prediction.confidence >= 0.95 ? 'accept' : 'drop'
)

/**
 * The filters for hard examples that Sedna ships, with its own thresholds, whose answers people label (`lib/sedna/algorithms/
 * hard_example_mining`). They were written for detectors: a photo counts as an image with one box.
 */
export const SEDNA: readonly Policy[] = [
  each('Sedna, threshold', true, ({ prediction }) => (prediction.confidence < 0.5 ? 'ask' : 'drop')),
  each('Sedna, cross-entropy', true, ({ prediction }) => (1 + negentropy(prediction) < 0.5 ? 'ask' : 'drop')),
  // The share of boxes below threshold_box (0.5) is all or nothing, and threshold_img is 0.5.
  each('Sedna, IBT', true, ({ prediction }) => (prediction.confidence <= 0.5 ? 'ask' : 'drop')),
]

/** Σ p ln p / ln n: −1 for scores that are all the same, 0 for one that is 1. */
function negentropy({ labels }: Prediction): number {
  const sum = labels.reduce((total, { score }) => total + (score > 0 ? score * Math.log(score) : 0), 0)
  return sum / Math.log(labels.length)
}

export const POLICIES: readonly Policy[] = [OURS, CEILING, RANDOM, CONFIDENT, ...SEDNA]
