/** A pause that somebody can end early. */
export interface Alarm {
  /** Resolves after so many milliseconds, or as soon as it rings; at once when it has rung since the last wait. */
  wait(ms: number): Promise<void>
  ring(): void
}

/** One waits at a time. */
export function createAlarm(): Alarm {
  let rung = false
  let wake = () => {}
  return {
    async wait(ms) {
      if (!rung) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms)
          wake = () => {
            clearTimeout(timer)
            resolve()
          }
        })
      }
      rung = false
    },
    ring() {
      rung = true
      wake()
    },
  }
}
