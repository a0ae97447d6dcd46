/** A function, as invocations name it. */
interface Named {
  name: string
  namespace: string
}

/** Who is being asked, and when somebody was asked last. */
export interface Activity {
  started(target: Named): void
  ended(target: Named): void
  /** Since when nobody has been asking, by `performance.now()`; undefined while somebody is. -Infinity: never asked. */
  idleSince(target: Named): number | undefined
}

interface Record {
  running: number
  last: number
}

export function createActivity(): Activity {
  const records = new Map<string, Record>()
  const keyOf = ({ name, namespace }: Named) => `${name}.${namespace}`

  function started(target: Named): void {
    const key = keyOf(target)
    const record = records.get(key)
    if (record) record.running++
    else records.set(key, { running: 1, last: 0 })
  }

  return {
    started,
    ended(target) {
      const record = records.get(keyOf(target))!
      record.running--
      record.last = performance.now()
    },
    idleSince(target) {
      const record = records.get(keyOf(target))
      if (!record) return Number.NEGATIVE_INFINITY
      return record.running > 0 ? undefined : record.last
    },
  }
}
