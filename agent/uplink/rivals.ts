import type { AlarmReport } from '../../lib/edge-status/index.ts'
import { type Rival, rivalText, standby } from './rival.ts'

/** Later than it said, an agent that stands by may still say that it is there, in milliseconds. */
const LATE_MS = 15_000

/** What is known of other agents by this edge's name, for people. */
export interface Rivals {
  /** This agent leaves the line to that one. */
  yieldTo(rival: Rival): void
  /** It has the line now. */
  lead(): void
  /** Another one says that it leaves the line to this one. */
  heard(payload: Uint8Array): void
  alarms(): AlarmReport[]
}

/** @param now the process's own clock, in milliseconds */
export function createRivals(edge: string, now = () => performance.now()): Rivals {
  let yielding: AlarmReport | undefined
  /** Who stands by, with when that is no longer to be believed; by run. */
  const waiting = new Map<string, { until: number; alarm: AlarmReport }>()

  const alarm = (what: string): AlarmReport => ({
    code: 'SAME_NAME',
    message: `another agent ${what}: give one of them another name, or stop it`,
    since: new Date().toISOString(),
  })

  return {
    yieldTo(rival) {
      if (yielding) return
      yielding = alarm(
        `${rivalText(rival)} is in touch with the cloud as ${edge}, and this one leaves the line to it until it has gone`
      )
      console.error(yielding.message)
    },
    lead() {
      yielding = undefined
    },
    heard(payload) {
      const said = readStandby(payload)
      if (!said) return
      const known = waiting.get(said.run)
      const report = known?.alarm ?? alarm(`${rivalText(said)} goes by the name ${edge}, too, and stands by`)
      if (!known) console.error(report.message)
      waiting.set(said.run, { until: now() + said.againInMs + LATE_MS, alarm: report })
    },
    alarms() {
      for (const [run, { until }] of waiting) if (until < now()) waiting.delete(run)
      return yielding ? [yielding] : [...waiting.values()].map((one) => one.alarm)
    },
  }
}

function readStandby(payload: Uint8Array) {
  try {
    return standby.parse(JSON.parse(new TextDecoder().decode(payload)))
  } catch {
    // Whoever publishes something else there is no agent.
    return undefined
  }
}
