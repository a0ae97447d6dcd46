import type { EdgeloopEvent, Neighbour, Uplink } from '../lib/events/index.ts'
import type { DecisionIndex } from './decision-index/index.ts'

export interface EnrichOptions {
  /** Where this node serves its photos. */
  gateway: string
  decisions: DecisionIndex
  uplink: Uplink
  /** What may be spent on a day; as much as it likes where nothing is said. */
  budgets?: { bytesPerDay?: number; labelsPerDay?: number }
}

/**
 * Adds to an event what only this node knows: where the photo is, and what the function asked for with its annotation
 * `edgeloop.dev/context`. Nothing of it is stored with the event, because all of it may have changed by the next try.
 */
export function enrichEvent(
  event: EdgeloopEvent,
  context: ReadonlySet<string>,
  { gateway, decisions, uplink, budgets }: EnrichOptions
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
          ...(context.has('budgets') && { budgets: { ...decisions.budgets(), ...budgets } }),
          ...(context.has('accepted') && {
            accepted: decisions.accepted(data.prediction?.model.version ?? 0),
          }),
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
  {
    photo,
    perceptualHash,
    features,
    thumbnail,
  }: Extract<EdgeloopEvent, { type: 'photo.classified' }>['data'],
  decisions: DecisionIndex
): Neighbour[] {
  if (!perceptualHash) return []
  const look = {
    perceptualHash,
    features: features && Buffer.from(features.values, 'base64'),
    thumbnail: thumbnail ? Buffer.from(thumbnail, 'base64') : null,
  }
  return decisions
    .neighbours(look, { backbone: features?.backbone ?? null, except: photo.hash })
    .map(({ photo, distance, similarity, alignment }) => ({
      photo,
      distance,
      similarity: similarity ?? undefined,
      alignment: alignment ?? undefined,
    }))
}
