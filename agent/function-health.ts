import type { PlacedFunction } from '../gateway/index.ts'
import type { FunctionHealth } from '../lib/edge-status/index.ts'
import type { CircuitState, Spool } from '../lib/spool/index.ts'
import { type Delivery, subscriberOf } from './connector/index.ts'

/** How the functions of this node are doing, each by the name of its queue. */
export function functionHealth(
  functions: readonly PlacedFunction[],
  spool: Spool<Delivery>,
  circuits: Readonly<Record<string, CircuitState>>
): FunctionHealth[] {
  return functions.map((fn) => {
    const { name, disabled = false } = subscriberOf(fn)
    const [oldest] = spool.depth(name).queued > 0 ? spool.list(name, { limit: 1 }) : []
    return {
      name,
      replicas: fn.replicas,
      available: fn.availableReplicas,
      disabled,
      lastError: circuits[name]?.lastError ?? oldest?.lastError ?? null,
      circuit: circuits[name]?.state ?? null,
    }
  })
}
