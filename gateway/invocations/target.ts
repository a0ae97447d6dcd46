import { DEFAULT_NAMESPACE } from '../provider.ts'

/** Which function a URL means, and what it is to see. */
export interface Target {
  name: string
  namespace: string
  /** Path and query. */
  path: string
}

/** Whoever takes the gateway for a proxy writes whom it asks, too (RFC 9112, 3.2.2). */
const ROUTE =
  /^(?:https?:\/\/[^/?#]*)?\/function\/([a-z0-9][-a-z0-9]*)(?:\.([a-z0-9][-a-z0-9]*))?(\/[^?]*)?(\?.*)?$/

/**
 * Reads `/function/NAME[.NAMESPACE][/PATH][?QUERY]`.
 * @returns undefined when it is something else
 */
export function readTarget(url: string): Target | undefined {
  const match = ROUTE.exec(url)
  if (!match) return undefined
  return {
    name: match[1]!,
    namespace: match[2] ?? DEFAULT_NAMESPACE,
    path: `${match[3] ?? '/'}${match[4] ?? ''}`,
  }
}
