import { labelQueue } from '../../lib/dataset/index.ts'
import type { Platform } from '../platform.ts'

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

/** @param truth what a person would say about a photo; undefined when nobody here can tell */
export function createPeople(platform: Platform, truth: (photo: string) => string | undefined): People {
  const queue = labelQueue(platform.store, platform.dataset, platform.publish)
  return {
    async answer(count) {
      const waiting = (await queue.waiting()).map(({ photo }) => photo.hash)
      const chosen = waiting.filter((photo) => truth(photo) !== undefined).slice(0, count)
      for (const photo of chosen) await queue.answer({ photo, label: truth(photo)!, by: 'simulated-person' })
      return chosen.length
    },
    answered: queue.answered,
  }
}
