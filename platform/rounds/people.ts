import { labelQueue } from '../../lib/dataset/index.ts'
import type { Platform } from '../platform.ts'
import { unlessAborted } from './wait.ts'

/** Plays the people who answer the label queue. */
export interface People {
  /**
   * Answers up to `count` samples that wait for a person, the most urgent first.
   * @returns how many were answered
   */
  answer(count: number): Promise<number>
  /** How many samples have an answer, those that real people gave included. */
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
  const queue = labelQueue(platform.store, platform.dataset, platform.publish)
  return {
    async answer(count) {
      const waiting = (await queue.waiting()).map(({ photo }) => photo.hash)
      const chosen = waiting.filter((photo) => truth(photo) !== undefined).slice(0, count)
      for (const photo of chosen)
        await unlessAborted(queue.answer({ photo, label: truth(photo)!, by: 'simulated-person' }), signal)
      return chosen.length
    },
    answered: queue.answered,
  }
}
