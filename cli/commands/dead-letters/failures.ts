import { asEdgeloopError, EdgeloopError } from '../../../lib/errors/index.ts'

/** What could not be done, as scripts get it. */
export interface Failure {
  /** A dead letter's id, or a place. */
  about: string
  error: string
  hint?: string
}

export function failureOf(about: string, thrown: unknown): Failure {
  const { message, hint } = asEdgeloopError(thrown)
  return { about, error: message, hint }
}

/**
 * For after what went well was told: the command did not do all that it was asked for.
 * @throws EdgeloopError UNAVAILABLE with every failure, when there is one
 */
export function throwFailures(failed: readonly Failure[]): void {
  if (failed.length === 0) return
  const hints = new Set(failed.flatMap(({ hint }) => hint ?? []))
  throw new EdgeloopError('UNAVAILABLE', failed.map(({ about, error }) => `${about}: ${error}`).join('\n'), {
    hint: [...hints].join('; ') || undefined,
  })
}
