import { abandoned } from '../errors/index.ts'

export interface ComputeOnce<T> {
  /**
   * What was computed for this key, is being computed for others, or else is computed now. What fails is not kept.
   *
   * @param compute its signal is aborted once nobody waits any more
   * @throws EdgeloopError UNAVAILABLE when `signal` is aborted first; what `compute` throws
   */
  get(key: string, compute: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T>
}

interface Options {
  /** How many results are kept: those that were asked for last. */
  keep: number
  /** Called with each asking: whether somebody had asked for it before. */
  onAsked?(known: boolean): void
}

interface Work<T> {
  result: Promise<T>
  waiting: number
  abandon: AbortController
}

/** Lets many ask for the same while it is computed a single time. */
export function createComputeOnce<T>({ keep, onAsked }: Options): ComputeOnce<T> {
  /** The one that was asked for longest ago comes first. */
  const kept = new Map<string, { value: T }>()
  const running = new Map<string, Work<T>>()

  function begin(key: string, compute: (signal: AbortSignal) => Promise<T>): Work<T> {
    const abandon = new AbortController()
    const work: Work<T> = { result: compute(abandon.signal), waiting: 0, abandon }
    running.set(key, work)
    const end = () => {
      if (running.get(key) === work) running.delete(key)
    }
    work.result.then((value) => {
      end()
      remember(key, { value })
    }, end)
    return work
  }

  function remember(key: string, entry: { value: T }): void {
    kept.delete(key)
    kept.set(key, entry)
    if (kept.size > keep) kept.delete(kept.keys().next().value!)
  }

  return {
    async get(key, compute, signal) {
      const known = kept.get(key)
      onAsked?.(known !== undefined || running.has(key))
      if (known) {
        remember(key, known)
        return known.value
      }
      if (signal?.aborted) throw abandoned()
      const work = running.get(key) ?? begin(key, compute)
      work.waiting++
      try {
        return await unlessAborted(work.result, signal)
      } finally {
        if (--work.waiting === 0 && running.get(key) === work) {
          // Whoever asks from now on must not be told that it was abandoned.
          running.delete(key)
          work.abandon.abort()
        }
      }
    },
  }
}

async function unlessAborted<T>(result: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return result
  let leave!: () => void
  const gone = new Promise<never>((_, reject) => {
    leave = () => reject(abandoned())
  })
  if (signal.aborted) leave()
  signal.addEventListener('abort', leave, { once: true })
  try {
    return await Promise.race([result, gone])
  } finally {
    signal.removeEventListener('abort', leave)
  }
}
