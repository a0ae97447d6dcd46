import { randomInt } from 'node:crypto'
import { EdgeloopError } from '../../lib/errors/index.ts'
import { type Deployment, traitsOf } from '../../lib/stack/index.ts'
import { OutOfReach } from '../relay/index.ts'

export interface EdgeChoice {
  deployment: Deployment
  /** The edges that run it. */
  places: string[]
  /** Those of them that can be reached now. */
  inReach: string[]
  /** What `X-Edge` says. */
  asked: string | null
}

/**
 * Asks a function at the edge that the caller names, or at any where the function says that any will do: another one
 * each time, and the next one where the first has gone out of reach before anything was sent.
 *
 * @param invoke sends the request; throws OutOfReach when nothing of it has been sent
 * @throws EdgeloopError MISDIRECTED with the edges to choose from, UNAVAILABLE when it is out of reach; what `invoke` throws
 */
export async function askEdge(
  choice: EdgeChoice,
  invoke: (edge: string) => Promise<Response>
): Promise<Response> {
  const edges = candidatesOf(choice)
  for (let tried = 1; ; tried++) {
    try {
      return await invoke(edges[tried - 1]!)
    } catch (error) {
      if (!(error instanceof OutOfReach) || tried === edges.length) throw error
    }
  }
}

/** The edges that may answer, in the order in which they are asked; at least one. */
function candidatesOf({ deployment, places, inReach, asked }: EdgeChoice): string[] {
  const { service } = deployment
  if (inReach.length === 0)
    throw new EdgeloopError('UNAVAILABLE', `no node in reach runs ${service}`, {
      where: service,
      hint: 'start an edge, or look at the profile of the function',
    })
  if (asked === null && traitsOf(deployment).relay === 'any') {
    const first = randomInt(inReach.length)
    return [...inReach.slice(first), ...inReach.slice(0, first)]
  }
  if (asked === null || !places.includes(asked))
    throw new EdgeloopError('MISDIRECTED', `${service} runs at the edges: ${places.join(', ')}`, {
      where: 'X-Edge',
      hint: `name one with the header "X-Edge: ${inReach[0]}"`,
    })
  if (!inReach.includes(asked))
    throw new EdgeloopError('UNAVAILABLE', `${asked} is out of reach`, {
      where: asked,
      hint: `in reach: ${inReach.join(', ')}`,
    })
  return [asked]
}
