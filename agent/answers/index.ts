/**
 * Answers to devices.
 * @module
 */
export { type Answers, answerTo, createAnswers, type DeviceAnswer, refusalTo } from './answers.ts'
