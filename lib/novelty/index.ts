/**
 * How far a photo is from all that a model knows: out-of-distribution distance on the backbone's features.
 * @module
 */
export { decodeNovelty, encodeNovelty, NoveltyJson } from './codec.ts'
export { type FitNoveltyRequest, fitNovelty } from './fit.ts'
export {
  type Novelty,
  type NoveltyScore,
  type NoveltyScorer,
  noveltyScorer,
  type UsualDistance,
} from './novelty.ts'
