/**
 * The loop in rounds, as `npm start` shows it and benchmarks measure it.
 * @module
 */
export { checkPlan, type FaultPlan, parseCut, parseKill } from './fault-plan.ts'
export { folderSupply } from './folder-supply.ts'
export { keepTurning } from './keep-turning.ts'
export type { DeviceAnswer, RoundReport, RunEvent } from './report.ts'
export { type RunOptions, runRounds } from './run-rounds.ts'
export type { LabelledPhoto, PhotoSupply } from './supply.ts'
