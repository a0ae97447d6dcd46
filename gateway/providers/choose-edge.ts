import { EdgeloopError } from '../../lib/errors/index.ts'
import { type Deployment, traitsOf } from '../../lib/stack/index.ts'

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
 * Decides at which edge a function is invoked: the one that the caller names, or any where the function says that any
 * will do.
 *
 * @throws EdgeloopError MISDIRECTED with the edges to choose from, UNAVAILABLE when it is out of reach
 */
export function chooseEdge({ deployment, places, inReach, asked }: EdgeChoice): string {
  const { service } = deployment
  const chosen = asked ?? (traitsOf(deployment).relay === 'any' ? inReach[0] : undefined)
  if (inReach.length === 0)
    throw new EdgeloopError('UNAVAILABLE', `no node in reach runs ${service}`, {
      where: service,
      hint: 'start an edge, or look at the profile of the function',
    })
  if (!chosen || !places.includes(chosen))
    throw new EdgeloopError('MISDIRECTED', `${service} runs at the edges: ${places.join(', ')}`, {
      where: 'X-Edge',
      hint: `name one with the header "X-Edge: ${inReach[0]}"`,
    })
  if (!inReach.includes(chosen))
    throw new EdgeloopError('UNAVAILABLE', `${chosen} is out of reach`, {
      where: chosen,
      hint: `in reach: ${inReach.join(', ')}`,
    })
  return chosen
}
