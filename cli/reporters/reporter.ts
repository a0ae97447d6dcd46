import type { Platform } from '../../platform/index.ts'
import type { RunEvent } from '../../platform/rounds/index.ts'

/** Shows a run to somebody, or something. */
export interface Reporter {
  /** The platform is up, and can be looked at. */
  attach?(platform: Platform): void
  event(event: RunEvent): void
  /** A remark for people. */
  note(text: string): void
  /** What the platform's processes say on their own. Where it is absent, they say it to standard error. */
  output?(line: string): void
  close(): void
}
