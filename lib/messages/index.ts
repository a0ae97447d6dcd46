export { type Answer, answerSchema, readAnswer } from './answer.ts'
export { answersTopic, deviceNameSchema, photosTopic, receiptsTopic } from './device.ts'
export {
  isRefusedForGood,
  photoHashSchema,
  type Receipt,
  type RefusedReceipt,
  readReceipt,
  receiptSchema,
  type StoredReceipt,
} from './receipt.ts'
