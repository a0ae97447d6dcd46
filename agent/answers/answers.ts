import { z } from 'zod'
import type { Database } from '../../lib/database/index.ts'
import { type EdgeloopEvent, eventData } from '../../lib/events/index.ts'
import { type Answer, answerSchema, deviceNameSchema } from '../../lib/messages/index.ts'

/** What a device is told about one of its photos. */
export interface DeviceAnswer {
  device: string
  message: Answer
}

/** The answers to devices: the same one again for a photo that comes again, and none lost to a device that was away. */
export interface Answers {
  /**
   * Inside a transaction: keeps an answer; the first one to a photo stays, unless it was that there is none.
   * @returns what is to be sent: the answer to the device, and to whoever else has asked about the photo
   */
  keepSync(answer: DeviceAnswer): DeviceAnswer[]
  /** Inside a transaction: the answer that was given; without one, the device is told when it comes. */
  askSync(photo: string, device: string): Answer | undefined
  /** A device has got an answer. */
  heard(answer: DeviceAnswer): void
  /** Those that may not have got an answer. */
  devices(): string[]
  /** The latest answers that a device may not have got; after a restart, the last ones that it has got, too. */
  missed(device: string): DeviceAnswer[]
}

/** How many answers are kept for a device that is away; one that never asks for answers costs no more than this. */
const MOST_MISSED = 100

export function createAnswers(database: Database): Answers {
  const given = database.table('answers', answerSchema)
  /** photo → devices that sent it after another one had */
  const asking = database.table('answers.asking', z.array(deviceNameSchema))
  /** device → photos, the oldest first; what it has got leaves with the next one, so that this costs no commit. */
  const unheard = database.table('answers.unheard', z.array(eventData.sha256))
  const got = new Set<string>()
  const keyOf = (device: string, photo: string) => `${device}/${photo}`

  function expectSync({ device, message }: DeviceAnswer): void {
    const waiting = (unheard.get(device) ?? []).filter((photo) => !got.delete(keyOf(device, photo)))
    const others = waiting.filter((photo) => photo !== message.photo)
    unheard.putSync(device, [...others, message.photo].slice(-MOST_MISSED))
  }

  return {
    keepSync({ device, message }) {
      const { photo } = message
      const first = given.get(photo)
      const stays = first && !('error' in first)
      if (!stays) given.putSync(photo, message)
      const devices = new Set([device, ...(asking.get(photo) ?? [])])
      asking.removeSync(photo)
      const answers = [...devices].map((each) => ({ device: each, message: stays ? first : message }))
      for (const answer of answers) expectSync(answer)
      return answers
    },
    askSync(photo, device) {
      const answer = given.get(photo)
      if (!answer) asking.putSync(photo, [...new Set([...(asking.get(photo) ?? []), device])])
      return answer
    },
    heard({ device, message }) {
      if (unheard.get(device)?.includes(message.photo)) got.add(keyOf(device, message.photo))
    },
    devices: () => [...unheard.keys()].map(String),
    missed(device) {
      return (unheard.get(device) ?? []).flatMap((photo) => {
        const message = got.has(keyOf(device, photo)) ? undefined : given.get(photo)
        return message ? [{ device, message }] : []
      })
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
