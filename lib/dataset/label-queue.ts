import pLimit from 'p-limit'
import { createEvent, type EdgeloopEvent } from '../events/index.ts'
import type { ObjectStore } from '../s3/index.ts'
import type { LabelRecord, SampleRecord } from './records.ts'
import { sampleStore } from './samples.ts'

/** How many records are read at the same time. */
const READS = 32

/** The samples of a dataset that wait for a person. */
export interface LabelQueue {
  /** Audited ones first, then the least certain ones. */
  waiting(): Promise<SampleRecord[]>
  /** How many samples people have answered. */
  answered(): Promise<number>
  /** Records a person's answer, and tells about it. A later answer to the same photo replaces an earlier one. */
  answer(answer: Omit<LabelRecord, 'at'>): Promise<void>
}

/** @param publish tells the cloud about an answer: a hint, sent when the answer itself is in the bucket */
export function labelQueue(
  store: ObjectStore,
  dataset: string,
  publish: (event: EdgeloopEvent) => Promise<void>
): LabelQueue {
  const samples = sampleStore(store, dataset)
  /** Records never change: each is read once. */
  const records = new Map<string, SampleRecord>()

  return {
    async waiting() {
      const [photos, answered] = await Promise.all([samples.list(), samples.listLabels()])
      const read = pLimit(READS)
      const unread = photos.filter((photo) => !records.has(photo) && !answered.has(photo))
      const found = await Promise.all(unread.map((photo) => read(() => samples.get(photo))))
      for (const record of found) if (record) records.set(record.photo.hash, record)
      return [...records.values()]
        .filter(({ band, photo }) => band === 'review' && !answered.has(photo.hash))
        .sort(byUrgency)
    },

    answered: async () => (await samples.listLabels()).size,

    async answer(answer) {
      await samples.label({ ...answer, at: new Date().toISOString() })
      const identity = [answer.photo, answer.label]
      await publish(createEvent('sample.labelled', 'cloud/people', identity, { ...answer, dataset }))
    },
  }
}

/** Audits first: they measure; then the least certain. The hash settles ties, so that a run can be repeated. */
function byUrgency(a: SampleRecord, b: SampleRecord): number {
  const certainty = ({ prediction }: SampleRecord) => prediction?.confidence ?? 0
  const audited = Number(b.audit) - Number(a.audit)
  return audited || certainty(a) - certainty(b) || (a.photo.hash < b.photo.hash ? -1 : 1)
}
