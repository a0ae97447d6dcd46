import type { ObjectStore } from '../s3/index.ts'
import { changeJson } from './change-json.ts'
import { datasetKeys } from './keys.ts'
import { labelSetRecord } from './records.ts'

/** The labels that people are offered in a dataset: those that seeds brought and those that people wrote. */
export function labelSet(store: ObjectStore, dataset: string) {
  const key = datasetKeys(dataset).labelSet

  return {
    /** Sorted. */
    async read(): Promise<string[]> {
      const found = await store.getJson(key, labelSetRecord)
      return (found?.value.labels ?? []).map(({ label }) => label).sort()
    },

    /** What is on offer already stays as it is. */
    async add(label: string): Promise<void> {
      await changeJson(store, key, labelSetRecord, (before = { labels: [] }) => {
        if (before.labels.some((each) => each.label === label)) return undefined
        return { labels: [...before.labels, { label, since: new Date().toISOString() }] }
      })
    },
  }
}
