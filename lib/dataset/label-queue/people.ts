import type { ObjectStore } from '../../s3/index.ts'
import { changeJson } from '../change-json.ts'
import { datasetKeys } from '../keys.ts'
import { type PersonRecord, personRecord } from '../records.ts'

/** How many answers a person can take back, one after the other. */
const REMEMBERED = 100

/** What has to be known of people to ask them. */
export function peopleStore(store: ObjectStore, dataset: string) {
  const keys = datasetKeys(dataset)

  async function change(by: string, change: (before: PersonRecord) => Partial<PersonRecord>): Promise<void> {
    await changeJson(store, keys.person(by), personRecord, (before = { by, skipped: [], answered: [] }) => ({
      ...before,
      ...change(before),
    }))
  }

  return {
    async get(by: string): Promise<PersonRecord> {
      const found = await store.getJson(keys.person(by), personRecord)
      return found?.value ?? { by, skipped: [], answered: [] }
    },

    skip: (by: string, photo: string) =>
      change(by, ({ skipped }) => ({ skipped: [...without(skipped, photo), photo] })),

    /** To be said before the answer is written: one that is not found later was not given. */
    answers: (by: string, photo: string) =>
      change(by, ({ answered }) => ({ answered: [...without(answered, photo), photo].slice(-REMEMBERED) })),

    /** To be said after an answer was taken back. */
    tookBack: (by: string, photo: string) =>
      change(by, ({ answered }) => ({ answered: without(answered, photo) })),
  }
}

const without = (photos: readonly string[], photo: string) => photos.filter((each) => each !== photo)
