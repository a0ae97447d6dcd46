import { z } from 'zod'
import type { Database } from '../../lib/database/index.ts'
import type { EdgeloopEvent } from '../../lib/events/index.ts'
import { type Answer, answerSchema, deviceNameSchema } from '../../lib/messages/index.ts'

/** What a device is told about one of its photos. */
export interface DeviceAnswer {
  device: string
  message: Answer
}

/** The answers that went out, so that a photo that comes again gets the same one. All methods run inside a transaction. */
export interface Answers {
  /**
   * Keeps an answer; the first one to a photo stays, unless it was that there is none.
   * @returns what is to be sent: the answer to the device, and to whoever else has asked about the photo
   */
  keepSync(answer: DeviceAnswer): DeviceAnswer[]
  /** The answer that was given; without one, the device is told when it comes. */
  askSync(photo: string, device: string): Answer | undefined
}

export function createAnswers(database: Database): Answers {
  const given = database.table('answers', answerSchema)
  /** photo → devices that sent it after another one had */
  const asking = database.table('answers.asking', z.array(deviceNameSchema))
  return {
    keepSync({ device, message }) {
      const { photo } = message
      const first = given.get(photo)
      const stays = first && !('error' in first)
      if (!stays) given.putSync(photo, message)
      const devices = new Set([device, ...(asking.get(photo) ?? [])])
      asking.removeSync(photo)
      return [...devices].map((each) => ({ device: each, message: stays ? first : message }))
    },
    askSync(photo, device) {
      const answer = given.get(photo)
      if (!answer) asking.putSync(photo, [...new Set([...(asking.get(photo) ?? []), device])])
      return answer
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
