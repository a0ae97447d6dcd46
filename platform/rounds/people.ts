import pLimit from 'p-limit'
import { type SampleRecord, sampleStore } from '../../lib/dataset/index.ts'
import { createEvent } from '../../lib/events/index.ts'
import type { Platform } from '../platform.ts'

/** How many records are read at the same time. */
const READS = 32

/** Plays the people who answer the label queue. */
export interface People {
  /**
   * Answers up to `count` samples that wait for a person: audited ones first, then the least certain ones.
   * @returns how many were answered
   */
  answer(count: number): Promise<number>
}

/** @param truth what a person would say about a photo; undefined when nobody here can tell */
export function createPeople(platform: Platform, truth: (photo: string) => string | undefined): People {
  const { store, dataset } = platform
  const samples = sampleStore(store, dataset)
  /** Records never change: each is read once. */
  const records = new Map<string, SampleRecord>()

  async function waiting(): Promise<SampleRecord[]> {
    const [photos, answered] = await Promise.all([samples.list(), samples.listLabels()])
    const read = pLimit(READS)
    const unread = photos.filter((photo) => !records.has(photo))
    const found = await Promise.all(unread.map((photo) => read(() => samples.get(photo))))
    for (const record of found) if (record) records.set(record.photo.hash, record)
    return [...records.values()].filter(({ band, photo }) => band === 'review' && !answered.has(photo.hash))
  }

  return {
    async answer(count) {
      const queue = (await waiting()).toSorted(byUrgency)
      const chosen = queue.filter(({ photo }) => truth(photo.hash) !== undefined).slice(0, count)
      for (const { photo } of chosen) {
        const answer = { photo: photo.hash, label: truth(photo.hash)!, by: 'simulated-person' }
        await samples.label({ ...answer, at: new Date().toISOString() })
        const identity = [answer.photo, answer.label]
        await platform.publish(
          createEvent('sample.labelled', 'cloud/people', identity, { ...answer, dataset })
        )
      }
      return chosen.length
    },
  }
}

/** Audits first: they measure; then the least certain. The hash settles ties, so that a run can be repeated. */
function byUrgency(a: SampleRecord, b: SampleRecord): number {
  const certainty = ({ prediction }: SampleRecord) => prediction?.confidence ?? 0
  const audited = Number(b.audit) - Number(a.audit)
  return audited || certainty(a) - certainty(b) || (a.photo.hash < b.photo.hash ? -1 : 1)
}
