import { labelQueue } from '../../lib/dataset/index.ts'
import type { Platform } from '../platform.ts'
import { unlessAborted } from './wait.ts'

/** Who answers. */
const NAME = 'simulated-person'

/** Plays a person who answers the label queue. */
export interface People {
  /**
   * Answers up to `count` photos that wait for a person, in the queue's order.
   * @returns how many were answered
   */
  answer(count: number): Promise<number>
  /** How many photos have an answer, those that real people gave included. */
  answered(): Promise<number>
}

/**
 * @param truth what a person would say about a photo; undefined when nobody here can tell
 * @param signal they stop in the middle of an answer, which waits for the cloud's broker
 */
export function createPeople(
  platform: Platform,
  truth: (photo: string) => string | undefined,
  signal: AbortSignal
): People {
  const { store, dataset, publish } = platform
  // They know what is on a photo without looking at it.
  const queue = labelQueue({ store, dataset, publish, photoFrom: async () => undefined })
  return {
    async answer(count) {
      let answered = 0
      while (answered < count) {
        const questions = await queue.claim(NAME, { count: count - answered })
        if (questions.length === 0) break
        for (const { photo, labels } of questions) {
          const label = truth(photo)
          if (label === undefined) {
            await queue.skip(photo, NAME)
            continue
          }
          const isNew = !labels.includes(label)
          await unlessAborted(queue.answer({ photo, label, by: NAME, isNew }), signal)
          answered++
        }
      }
      return answered
    },
    answered: async () => (await queue.state()).answered,
  }
}
