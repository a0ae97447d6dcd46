export {
  FIT_DEFAULTS,
  type FitParameters,
  type FitProgress,
  type FitReport,
  type FitRequest,
  fitHead,
} from './fitHead.ts'
export { type CalibrationBin, type ClassMetrics, type Metrics, measure } from './metrics.ts'
export type { Sample } from './sample.ts'
