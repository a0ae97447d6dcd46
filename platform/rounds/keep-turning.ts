import { setTimeout as sleep } from 'node:timers/promises'
import type { Platform } from '../platform.ts'
import { learn } from './learn.ts'
import type { RunEvent } from './report.ts'
import { reportModels } from './report-models.ts'

/** The pause between two ticks of the schedule, in milliseconds. */
const TICK_MS = 10_000

/** After the rounds: photos from other devices and answers from people are still learnt from, until the signal. */
export async function keepTurning(
  platform: Platform,
  onEvent: (event: RunEvent) => void,
  signal: AbortSignal
): Promise<void> {
  const stopReporting = reportModels(platform, () => 0, onEvent)
  try {
    while (!signal.aborted) {
      await learn(platform, signal)
      await sleep(TICK_MS, undefined, { signal })
    }
  } finally {
    stopReporting()
  }
}
