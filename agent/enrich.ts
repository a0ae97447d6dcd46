import type { EdgeloopEvent, Neighbour, Uplink } from '../lib/events/index.ts'
import type { DecisionIndex } from './decision-index/index.ts'

export interface EnrichOptions {
  /** Where this node serves its photos. */
  gateway: string
  decisions: DecisionIndex
  uplink: Uplink
}

/**
 * Adds to an event what only this node knows: where the photo is, and what the function asked for with its annotation
 * `edgeloop.dev/context`. Nothing of it is stored with the event, because all of it may have changed by the next try.
 */
export function enrichEvent(
  event: EdgeloopEvent,
  context: ReadonlySet<string>,
  { gateway, decisions, uplink }: EnrichOptions
): EdgeloopEvent {
  switch (event.type) {
    case 'photo.captured':
      return { ...event, data: withUrl(event.data, gateway) }
    case 'photo.classified': {
      const data = withUrl(event.data, gateway)
      return {
        ...event,
        data: {
          ...data,
          ...(context.has('neighbours') && { neighbours: neighboursOf(data, decisions) }),
          ...(context.has('budgets') && { budgets: decisions.budgets() }),
        },
      }
    }
    case 'sample.accepted':
    case 'sample.review': {
      const data = withUrl(event.data, gateway)
      return { ...event, data: context.has('uplink') ? { ...data, uplink } : data }
    }
    default:
      return event
  }
}

function withUrl<T extends { photo: { hash: string } }>(data: T, gateway: string): T {
  return { ...data, photo: { ...data.photo, url: `${gateway}/photos/${data.photo.hash}` } }
}

function neighboursOf(
  { photo, perceptualHash, features }: Extract<EdgeloopEvent, { type: 'photo.classified' }>['data'],
  decisions: DecisionIndex
): Neighbour[] {
  if (!perceptualHash) return []
  const values = features && Buffer.from(features.values, 'base64')
  return decisions
    .neighbours(perceptualHash, values, { backbone: features?.backbone ?? null, except: photo.hash })
    .map(({ photo, distance, similarity }) => ({ photo, distance, similarity: similarity ?? undefined }))
}
