import type { PlacedFunction } from '../gateway/index.ts'
import type { FunctionHealth } from '../lib/edge-status/index.ts'
import type { EdgeloopEvent } from '../lib/events/index.ts'
import type { Spool } from '../lib/spool/index.ts'
import { subscriberOf } from './connector/index.ts'

/** How the functions of this node are doing, each by the name of its queue. */
export function functionHealth(
  functions: readonly PlacedFunction[],
  spool: Spool<EdgeloopEvent>
): FunctionHealth[] {
  return functions.map((fn) => {
    const { name, disabled = false } = subscriberOf(fn)
    const [oldest] = spool.depth(name).queued > 0 ? spool.list(name, { limit: 1 }) : []
    return {
      name,
      replicas: fn.replicas,
      available: fn.availableReplicas,
      disabled,
      lastError: oldest?.lastError ?? null,
    }
  })
}
