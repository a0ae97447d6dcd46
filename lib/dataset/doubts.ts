import type { ObjectStore, RequestOptions } from '../s3/index.ts'
import { changeJson } from './change-json.ts'
import { datasetKeys } from './keys.ts'
import { type Doubt, doubtsRecord } from './records.ts'

/** The labels that the newest training run doubts: a second person is asked about their photos. */
export function doubtStore(store: ObjectStore, dataset: string) {
  const key = datasetKeys(dataset).doubts

  return {
    /** By photo. */
    async read(options?: RequestOptions): Promise<Map<string, Doubt>> {
      const found = await store.getJson(key, doubtsRecord, options)
      return new Map(found?.value.doubts.map((doubt) => [doubt.photo, doubt]))
    },

    /** Replaces those of earlier runs; a run that is repeated when a later one has written changes nothing. */
    async write(run: string, doubts: readonly Doubt[]): Promise<void> {
      const sorted = doubts.toSorted((a, b) => (a.photo < b.photo ? -1 : 1))
      await changeJson(store, key, doubtsRecord, (before) =>
        before && before.run > run ? undefined : { run, doubts: sorted }
      )
    },
  }
}
