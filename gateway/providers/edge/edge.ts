import { createPlacedProvider, type PlacedProvider, type Reach } from '../placed/index.ts'
import { createPortReach } from './port-reach.ts'

export interface EdgeProviderOptions {
  edge: string
  /** The cloud's gateway. */
  gateway: string
  /** What the gateway knows this edge by. */
  token?: string
  /** Where the list is kept for when the gateway is out of reach. */
  directory: string
  /** How often the gateway is asked without a reason, in milliseconds. */
  pollMs?: number
  /** How functions are reached; at their ports on 127.0.0.1 when absent. */
  reach?: Reach
}

/** An edge node's own functions, for its local gateway and its connector. */
export function createEdgeProvider(options: EdgeProviderOptions): PlacedProvider {
  const { edge, gateway, token, directory, pollMs, reach = createPortReach() } = options
  return createPlacedProvider({
    name: 'edgeloop-edge',
    gateway,
    place: edge,
    authorization: token === undefined ? undefined : `Bearer ${token}`,
    directory,
    pollMs,
    reach,
  })
}
