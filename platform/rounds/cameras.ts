import { createDevice, type Device } from '../../device/index.ts'
import type { Answer } from '../../lib/messages/index.ts'
import { photoHash } from '../../lib/photo/index.ts'
import type { Edge } from '../edge/index.ts'
import type { Platform } from '../platform.ts'
import type { DeviceAnswer } from './report.ts'
import type { PhotoSupply } from './supply.ts'
import type { Truths } from './truths.ts'

/** Photos that a camera has under way at a time. */
const IN_FLIGHT = 4

/** Simulated cameras, some at each edge, that show the supply's photos in turn. */
export interface Cameras {
  /**
   * Shows the next photos and waits until all are on the edges' disks.
   * @returns how many there were; fewer than asked at the end of the supply
   */
  capture(count: number): Promise<number>
  close(): Promise<void>
}

/**
 * @param truths gets what is on each photo, before it is shown
 * @param perEdge cameras at each edge
 * @param next index of the first photo to show
 */
export function createCameras(
  platform: Platform,
  supply: PhotoSupply,
  truths: Truths,
  perEdge: number,
  next: number,
  onAnswer: (answer: DeviceAnswer) => void
): Cameras {
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

  async function read(index: number) {
    const photo = supply.stream(index)
    return photo && { label: photo.label, bytes: await photo.read() }
  }

  return {
    async capture(count) {
      // Read at once, sent in order: which photo comes first must not depend on the disk.
      const photos = await Promise.all(Array.from({ length: count }, (_, i) => read(next + i)))
      const shown = photos.filter((photo) => photo !== undefined)
      // Nobody could answer about a photo that a restart has forgotten.
      await truths.add(shown.map(({ label, bytes }) => ({ photo: photoHash(bytes), label })))
      const sending = shown.map(({ bytes }, i) => cameras[(next + i) % cameras.length]!.send(bytes))
      next += count
      await Promise.all(sending)
      return sending.length
    },
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
