import type { Platform } from '../platform.ts'
import type { RunEvent } from './report.ts'

/** Tells of training and verdicts as they happen. Returns how to stop that. */
export function reportModels(
  platform: Platform,
  round: () => number,
  onEvent: (event: RunEvent) => void
): () => void {
  return platform.onEvent((event) => {
    if (event.type === 'retrain.progress') {
      const { stage, done } = event.data
      onEvent({ event: 'progress', round: round(), stage, done })
    }
    if (event.type === 'model.promoted' || event.type === 'model.refused') {
      const { version, judgement } = event.data
      onEvent({ event: 'judged', version, ...judgement })
    }
  })
}
