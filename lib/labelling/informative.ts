/**
 * Which photos are most worth asking about: those that the model is least sure of, and that resemble least what people
 * have answered already and what they are about to be asked.
 * @module
 */

/** The least certain photos, among which novelty chooses: each costs a read of 2.5 KB. */
const CANDIDATES = 200

/** A photo that waits for a person. */
export interface Informative {
  photo: string
  /** The backbone whose features there are; null where there are none. */
  backbone: string | null
  /** How sure the model was, 0 to 1. */
  confidence: number
}

/** Features of a photo by one backbone, of length one; undefined where there are none. */
export type ReadFeatures = (
  backbone: string,
  photo: string
) => Float32Array | undefined | Promise<Float32Array | undefined>

/**
 * The photos in the order in which to ask about them. After each, the rest is looked at anew: a photo like the one just
 * chosen has become less worth asking about. The score is uncertainty (1 - confidence) times novelty (the cosine
 * distance to the nearest photo that was answered or chosen); the hash settles ties.
 *
 * @param answered photos that people have answered, or are being asked about, those that count most first
 */
export async function* mostInformative<T extends Informative>(
  waiting: readonly T[],
  answered: readonly string[],
  features: ReadFeatures
): AsyncGenerator<T> {
  const sorted = waiting.toSorted((a, b) => a.confidence - b.confidence || (a.photo < b.photo ? -1 : 1))
  const candidates = sorted.slice(0, CANDIDATES)
  const references = new Map<string, Float32Array[]>()
  for (const { backbone } of candidates) {
    if (!backbone || references.has(backbone)) continue
    const found = await Promise.all(answered.map((photo) => features(backbone, photo)))
    references.set(
      backbone,
      found.filter((own) => own !== undefined)
    )
  }
  let open = await Promise.all(
    candidates.map(async (sample) => {
      const { backbone, photo } = sample
      const own = backbone ? await features(backbone, photo) : undefined
      // Features of different backbones have nothing to do with each other.
      const others = own && references.get(backbone!)!
      const novelty = others && Math.min(1, ...others.map((other) => distance(own, other)))
      return { sample, own, novelty }
    })
  )

  while (open.length > 0) {
    const typical = median(open.flatMap(({ novelty }) => novelty ?? []))
    // Where nothing is known, neither more nor less is expected than of others.
    const score = ({ sample, novelty = typical }: (typeof open)[number]) => (1 - sample.confidence) * novelty
    const chosen = open.reduce((best, each) => (score(each) > score(best) ? each : best))
    yield chosen.sample
    open = open
      .filter((each) => each !== chosen)
      .map((each) => {
        const { own, novelty, sample } = each
        if (novelty === undefined || !own || !chosen.own || sample.backbone !== chosen.sample.backbone)
          return each
        return { ...each, novelty: Math.min(novelty, distance(own, chosen.own)) }
      })
  }
  yield* sorted.slice(CANDIDATES)
}

/** Features of length one; undefined for what has no direction. */
export function unitFeatures(features: Float32Array): Float32Array | undefined {
  const length = Math.hypot(...features)
  return length > 0 && Number.isFinite(length) ? features.map((value) => value / length) : undefined
}

/** 1 - cosine of two vectors of length one; 0 for the same, 1 for those that have nothing in common. */
function distance(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return 1
  let dot = 0
  for (let i = 0; i < a.length; i++) dot += a[i]! * b[i]!
  return Math.max(0, 1 - dot)
}

/** Of nothing: 1, the distance of what has nothing in common. */
function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 1
}
