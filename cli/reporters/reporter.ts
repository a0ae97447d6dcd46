import type { RunEvent } from '../../platform/rounds/index.ts'

/** Shows a run to somebody, or something. */
export interface Reporter {
  event(event: RunEvent): void
  /** A remark for people. */
  note(text: string): void
  close(): void
}
