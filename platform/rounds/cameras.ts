import { createDevice, type Device } from '../../device/index.ts'
import type { Answer } from '../../lib/messages/index.ts'
import { photoHash } from '../../lib/photo/index.ts'
import type { Edge } from '../edge/index.ts'
import type { Platform } from '../platform.ts'
import type { DeviceAnswer } from './report.ts'
import type { PhotoSupply } from './supply.ts'

/** Photos that a camera has under way at a time. */
const IN_FLIGHT = 4

/** Simulated cameras, some at each edge, that show the supply's photos in turn. */
export interface Cameras {
  /**
   * Shows the next photos and waits until all are on the edges' disks.
   * @returns how many there were; fewer than asked at the end of the supply
   */
  capture(count: number): Promise<number>
  /** The true label of a photo that was shown. */
  truth(photo: string): string | undefined
  close(): Promise<void>
}

/**
 * @param perEdge cameras at each edge
 * @param next index of the first photo to show
 */
export async function createCameras(
  platform: Platform,
  supply: PhotoSupply,
  perEdge: number,
  next: number,
  onAnswer: (answer: DeviceAnswer) => void
): Promise<Cameras> {
  const truths = new Map<string, string>()
  // After a restart, people still know what they saw before.
  for (let index = 0; index < next; index++) await remember(index)

  const cameras: Device[] = platform.edges.flatMap((edge) =>
    Array.from({ length: perEdge }, (_, i) => {
      const device = `${edge.name}-camera-${i + 1}`
      return createDevice({
        name: device,
        broker: edge.broker,
        inFlight: IN_FLIGHT,
        onAnswer: (answer) => onAnswer(shown(edge, device, answer)),
      })
    })
  )

  async function remember(index: number): Promise<Uint8Array | undefined> {
    const photo = supply.stream(index)
    const bytes = await photo?.read()
    if (photo && bytes) truths.set(photoHash(bytes), photo.label)
    return bytes
  }

  return {
    async capture(count) {
      // Read at once, sent in order: which photo comes first must not depend on the disk.
      const photos = await Promise.all(Array.from({ length: count }, (_, i) => remember(next + i)))
      const sending = photos.flatMap((bytes, i) =>
        bytes ? [cameras[(next + i) % cameras.length]!.send(bytes)] : []
      )
      next += count
      await Promise.all(sending)
      return sending.length
    },
    truth: (photo) => truths.get(photo),
    async close() {
      await Promise.all(cameras.map((camera) => camera.close()))
    },
  }
}

function shown({ name, online }: Edge, device: string, answer: Answer): DeviceAnswer {
  const recognised = 'labels' in answer
  return {
    event: 'answer',
    edge: name,
    online,
    device,
    photo: answer.photo,
    label: recognised ? answer.labels[0]!.label : null,
    confidence: recognised ? answer.confidence : null,
  }
}
