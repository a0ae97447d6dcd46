export { decodeHead, type EncodedHead, encodeHead, HeadJson } from './codec.ts'
export {
  type Head,
  predictLogits,
  predictScores,
  rankScores,
  type Score,
  softmax,
} from './head.ts'
