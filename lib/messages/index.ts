export { type Answer, answerSchema, readAnswer } from './answer.ts'
export { answersTopic, deviceNameSchema, photosTopic, receiptsTopic } from './device.ts'
export {
  isRefusedForGood,
  type Receipt,
  type RefusedReceipt,
  readReceipt,
  type StoredReceipt,
} from './receipt.ts'
