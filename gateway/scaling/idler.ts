import { asEdgeloopError } from '../../lib/errors/index.ts'
import { scalingOf } from '../../lib/stack/index.ts'
import { createAlarm } from '../../lib/waiting/index.ts'
import type { FunctionStatus, Provider } from '../provider.ts'
import type { Activity } from './activity.ts'

export interface IdlerOptions {
  provider: Pick<Provider, 'list' | 'namespaces' | 'scale'>
  activity: Pick<Activity, 'idleSince'>
  /** How often it looks, in milliseconds. */
  lookMs?: number
}

const LOOK_MS = 1000

/** Scales functions to 0 that ask for it by `com.openfaas.scale.zero`, when nobody has asked them for so long. */
export function createIdler({ provider, activity, lookMs = LOOK_MS }: IdlerOptions) {
  const alarm = createAlarm()
  /** Since when each is up, as far as is known here: whoever starts has not been idle yet. */
  let up = new Map<string, number>()
  let closing = false
  const complaints = new Map<string, string>()

  async function look(): Promise<void> {
    const now = performance.now()
    const seen = new Map<string, number>()
    for (const namespace of await provider.namespaces.list())
      for (const fn of await functionsOf(namespace.name)) {
        const { idleMs } = scalingOf(fn)
        if (idleMs === undefined || fn.replicas === 0) continue
        const key = `${fn.name}.${namespace.name}`
        const since = up.get(key) ?? now
        seen.set(key, since)
        // One that cannot be scaled, such as one at edges, does not hold up the others.
        await consider(fn, namespace.name, since, idleMs).catch((thrown) => complain(key, thrown))
      }
    up = seen
  }

  const functionsOf = (namespace: string) =>
    provider.list(namespace).catch((thrown: unknown) => {
      complain(namespace, thrown)
      return []
    })

  /** Once for each reason. */
  function complain(about: string, thrown: unknown): void {
    const { message } = asEdgeloopError(thrown)
    if (complaints.get(about) !== message) console.error(`scaling to zero: ${about}: ${message}`)
    complaints.set(about, message)
  }

  async function consider(
    { name }: FunctionStatus,
    namespace: string,
    since: number,
    idleMs: number
  ): Promise<void> {
    const idle = activity.idleSince({ name, namespace })
    if (idle === undefined || performance.now() - Math.max(idle, since) < idleMs) return
    await provider.scale(name, 0, namespace)
    console.log(`${name}.${namespace}: nobody has asked for ${idleMs / 1000} s; scaled to 0`)
  }

  async function watch(): Promise<void> {
    while (!closing) {
      await look().catch((thrown: unknown) => complain('namespaces', thrown))
      if (!closing) await alarm.wait(lookMs)
    }
  }

  const watching = watch()
  return {
    async close(): Promise<void> {
      closing = true
      alarm.ring()
      await watching
    },
  }
}
