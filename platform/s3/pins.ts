/** Keeps files while somebody reads them, and removes them afterwards. @module */
import type { Segment } from './records.ts'

export interface Pins {
  /** Keeps the files of these segments until the returned function is called. */
  pin(segments: readonly Segment[]): () => void
  /** Whether somebody reads the file; `remove` is then called once nobody does. */
  defer(id: string): boolean
}

export function createPins(remove: (id: string) => void): Pins {
  const counts = new Map<string, number>()
  const deferred = new Set<string>()

  function release(id: string): void {
    const left = counts.get(id)! - 1
    if (left > 0) {
      counts.set(id, left)
      return
    }
    counts.delete(id)
    if (deferred.delete(id)) remove(id)
  }

  return {
    pin(segments) {
      const ids = segments.filter(({ inline }) => !inline).map(({ id }) => id)
      for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1)
      let pinned = true
      return () => {
        if (pinned) ids.forEach(release)
        pinned = false
      }
    },
    defer(id) {
      if (!counts.has(id)) return false
      deferred.add(id)
      return true
    },
  }
}
