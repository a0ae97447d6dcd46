import { labelSet } from '../../../lib/dataset/index.ts'
import { table } from '../../terminal/index.ts'
import type { Connection } from '../connection.ts'
import { queueOf } from './queue.ts'

/** The photos that wait, with where each can be seen; not what the model takes them for. */
export async function listQueue(connection: Connection) {
  const { store, platform } = connection
  const [waiting, labels] = await Promise.all([
    queueOf(connection).waiting(),
    labelSet(store, platform.dataset).read(),
  ])
  return {
    labels,
    waiting: waiting.map(({ sample: { photo, edge, device, why }, second }) => ({
      photo,
      edge,
      device,
      why: second ? 'second opinion' : why,
      url: platform.edges
        .filter(({ name }) => name === edge)
        .map(({ gateway }) => `${gateway}/photos/${photo}`)
        .at(0),
    })),
  }
}

export function describeQueue({ labels, waiting }: Awaited<ReturnType<typeof listQueue>>): string {
  if (waiting.length === 0) return 'No photo waits for a label.'
  const rows = waiting.map(({ photo, edge, device, why }) => [photo.slice(0, 12), edge, device, why])
  return `${table(['PHOTO', 'EDGE', 'DEVICE', 'WHY'], rows)}\n\nLabels: ${labels.join(', ') || 'none yet'}`
}
