import type { Database } from '../../lib/database/index.ts'
import type { EdgeloopEvent } from '../../lib/events/index.ts'
import { type Answer, answerSchema } from '../../lib/messages/index.ts'

/** What a device is told about one of its photos. */
export interface DeviceAnswer {
  device: string
  message: Answer
}

/** The answers that went out, so that a photo that comes again gets the same one. */
export interface Answers {
  /** Inside a transaction; the first answer to a photo stays. */
  keepSync(answer: DeviceAnswer): void
  find(photo: string): Answer | undefined
}

export function createAnswers(database: Database): Answers {
  const table = database.table('answers', answerSchema)
  return {
    keepSync({ message }) {
      if (!table.has(message.photo)) table.putSync(message.photo, message)
    },
    find(photo) {
      return table.get(photo)
    },
  }
}

/** What a `photo.classified` tells the photo's device. */
export function answerTo({ data }: Extract<EdgeloopEvent, { type: 'photo.classified' }>): DeviceAnswer {
  const { device, prediction } = data
  const photo = data.photo.hash
  const message = prediction
    ? { photo, model: prediction.model, labels: prediction.labels, confidence: prediction.confidence }
    : { photo, error: data.unreadable ?? 'the photo could not be classified' }
  return { device, message }
}

/** What a dead letter tells the device, where the event is about a photo without an answer yet. */
export function refusalTo(event: EdgeloopEvent, why: string): DeviceAnswer | undefined {
  if (event.type !== 'photo.captured') return undefined
  return { device: event.data.device, message: { photo: event.data.photo.hash, error: why } }
}
