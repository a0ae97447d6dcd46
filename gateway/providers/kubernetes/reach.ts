import { EdgeloopError } from '../../../lib/errors/index.ts'
import type { ClusterView } from './cluster-view.ts'
import type { FoundFunction } from './found-function.ts'
import { takesRequests, troubleOf } from './pods.ts'

/** How long a request may wait for a function to start, in milliseconds. */
const PATIENCE_MS = 30_000
/** Requests that wait for a function to start; each may hold a photo in memory. */
const MOST_WAITING = 256

/** How long pods that were told to end may take to hear of it, in milliseconds. */
const RETIRE_MS = 5000

/** Finds pods that take requests. */
export interface Reach {
  /**
   * The next pod of a function, as `http://HOST:PORT`, one after the other. One that is scaled to 0 is started.
   * @param leaving where it has to be waited for: whoever waits has gone
   * @throws EdgeloopError UNAVAILABLE with the reason when none takes requests; the signal's reason
   */
  originOf(fn: FoundFunction, avoid: ReadonlySet<string>, leaving?: () => AbortSignal): Promise<string>
  /** While and after its pods are told to end, none of them is given; whoever asks waits for new ones. */
  retiring(fn: FoundFunction, scaleDown: () => Promise<void>): Promise<void>
}

export function createReach(
  view: ClusterView,
  scaleUp: (fn: FoundFunction) => Promise<void>,
  patienceMs = PATIENCE_MS
): Reach {
  const turns = new Map<string, number>()
  const waiting = new Map<string, number>()
  /** Functions that are being started; all who wait for one have asked together. */
  const starting = new Map<string, Promise<void>>()
  /** Pods that have been told to end, which others may not have heard of yet. */
  const retired = new Map<string, ReadonlySet<string>>()

  function next({ namespace, name }: FoundFunction, avoid: ReadonlySet<string>): string | undefined {
    const origins = view.pods.origins(namespace, name)
    const key = `${namespace}/${name}`
    const turn = turns.get(key) ?? 0
    turns.set(key, (turn + 1) % 0x40000000)
    for (let step = 0; step < origins.length; step++) {
      const origin = origins[(turn + step) % origins.length]!
      if (!avoid.has(origin) && !retired.get(key)?.has(origin)) return origin
    }
    return undefined
  }

  async function wait(
    fn: FoundFunction,
    avoid: ReadonlySet<string>,
    signal: AbortSignal | undefined
  ): Promise<string> {
    const key = `${fn.namespace}/${fn.name}`
    const others = waiting.get(key) ?? 0
    if (others >= MOST_WAITING)
      throw new EdgeloopError('OVERLOADED', `${others} requests wait for ${fn.name} to start already`, {
        where: fn.name,
        hint: 'try again in a moment',
      })
    waiting.set(key, others + 1)
    try {
      if (fn.workload.kind === 'Deployment' && (fn.workload.spec?.replicas === 0 || retired.has(key)))
        await start(key, fn)
      return await started(fn, avoid, signal)
    } finally {
      const left = waiting.get(key)! - 1
      if (left > 0) waiting.set(key, left)
      else waiting.delete(key)
    }
  }

  function start(key: string, fn: FoundFunction): Promise<void> {
    const begun = starting.get(key)
    if (begun) return begun
    const start = ended(key, fn)
      .then(() => scaleUp(fn))
      .finally(() => {
        starting.delete(key)
        retired.delete(key)
      })
    starting.set(key, start)
    return start
  }

  /** Started before its old pods have been told to end, it would keep them. */
  async function ended(key: string, { namespace, name }: FoundFunction): Promise<void> {
    const old = retired.get(key)
    if (!old) return
    await new Promise<void>((resolve) => {
      const end = () => {
        unwatch()
        clearTimeout(timer)
        resolve()
      }
      const look = () => {
        if (!view.pods.origins(namespace, name).some((origin) => old.has(origin))) end()
      }
      const timer = setTimeout(end, RETIRE_MS)
      const unwatch = view.pods.watch(namespace, name, look)
      look()
    })
  }

  async function started(
    fn: FoundFunction,
    avoid: ReadonlySet<string>,
    signal: AbortSignal | undefined
  ): Promise<string> {
    const { namespace, name } = fn
    signal?.throwIfAborted()
    return new Promise((resolve, reject) => {
      const end = () => {
        unwatch()
        clearTimeout(timer)
        signal?.removeEventListener('abort', leave)
      }
      const leave = () => {
        end()
        reject(signal!.reason)
      }
      const look = () => {
        const origin = next(fn, avoid)
        const trouble = origin === undefined && hopeless(fn, view)
        if (origin === undefined && !trouble) return
        end()
        if (origin === undefined) reject(unavailable(name, trouble || ''))
        else resolve(origin)
      }
      const timer = setTimeout(() => {
        end()
        reject(unavailable(name, whyNot(fn, view) ?? `no pod was ready within ${patienceMs / 1000} s`))
      }, patienceMs)
      const unwatch = view.pods.watch(namespace, name, look)
      signal?.addEventListener('abort', leave, { once: true })
      look()
    })
  }

  return {
    async retiring(fn, scaleDown) {
      const key = `${fn.namespace}/${fn.name}`
      retired.set(key, new Set(view.pods.origins(fn.namespace, fn.name)))
      try {
        await scaleDown()
      } catch (error) {
        retired.delete(key)
        throw error
      }
    },
    async originOf(fn, avoid, leaving) {
      const origin = next(fn, avoid)
      if (origin !== undefined) return origin
      const { origins } = view.pods
      // Those that are ready and take no connection are not worth waiting for.
      if (
        avoid.size > 0 &&
        !retired.has(`${fn.namespace}/${fn.name}`) &&
        origins(fn.namespace, fn.name).length > 0
      )
        throw unavailable(fn.name, 'its pods take no connection')
      return wait(fn, avoid, leaving?.())
    },
  }
}

/** Why none of its pods will come up without somebody's help. */
function hopeless(fn: FoundFunction, view: ClusterView): string | undefined {
  const pods = view.pods.of(fn.namespace, fn.name).filter(({ metadata }) => !metadata!.deletionTimestamp)
  const troubles = pods.map(troubleOf)
  return pods.length > 0 && troubles.every((trouble) => trouble !== undefined) ? troubles[0] : undefined
}

function whyNot({ namespace, name }: FoundFunction, view: ClusterView): string | undefined {
  const pods = view.pods.of(namespace, name).filter((pod) => !takesRequests(pod))
  return pods.map(troubleOf).find((trouble) => trouble !== undefined)
}

function unavailable(name: string, why: string): EdgeloopError {
  return new EdgeloopError('UNAVAILABLE', `${name} cannot answer: ${why}`, {
    where: name,
    hint: 'see faas-cli describe, and its log',
  })
}
