import { labelQueue } from '../../../lib/dataset/index.ts'
import { knownLabels } from '../../labelling/index.ts'
import { table } from '../../terminal/index.ts'
import type { Connection } from '../connection.ts'

/** The photos that wait, with where each can be seen; not what the model takes them for. */
export async function listQueue({ platform, store, publish }: Connection) {
  const { dataset, model, edges } = platform
  const queue = labelQueue(store, dataset, publish)
  const [waiting, labels] = await Promise.all([queue.waiting(), knownLabels(store, dataset, model)()])
  return {
    labels,
    waiting: waiting.map(({ photo, edge, device, reason }) => ({
      photo: photo.hash,
      edge,
      device,
      why: reason.code,
      url: edges
        .filter(({ name }) => name === edge)
        .map(({ gateway }) => `${gateway}/photos/${photo.hash}`)
        .at(0),
    })),
  }
}

export function describeQueue({ labels, waiting }: Awaited<ReturnType<typeof listQueue>>): string {
  if (waiting.length === 0) return 'No photo waits for a label.'
  const rows = waiting.map(({ photo, edge, device, why }) => [photo.slice(0, 12), edge, device, why])
  return `${table(['PHOTO', 'EDGE', 'DEVICE', 'WHY'], rows)}\n\nLabels: ${labels.join(', ') || 'none yet'}`
}
