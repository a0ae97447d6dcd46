import type { PhotoAnswers } from '../../lib/labelling/index.ts'
import type { LabelTables } from './records.ts'

/** What people have said about photos. The `…Sync` methods are for use inside `database.transaction`. */
export interface Said {
  about(photo: string): PhotoAnswers | undefined
  photos(): Iterable<string>
  writeSync(record: PhotoAnswers): void
  /** The labels that answers have. */
  labels(): string[]
  /** Photos that somebody found neither of the labels on: what that is worth depends on the labels on offer. */
  neither(): string[]
}

export function createSaid(tables: LabelTables): Said {
  function countSync(label: string, by: 1 | -1): void {
    const count = (tables.names.get(label) ?? 0) + by
    if (count > 0) tables.names.putSync(label, count)
    else tables.names.removeSync(label)
  }

  return {
    about: (photo) => tables.answers.get(photo),
    photos: function* () {
      for (const photo of tables.answers.keys()) yield String(photo)
    },

    writeSync(record) {
      const { photo, answers } = record
      for (const { label } of tables.answers.get(photo)?.answers ?? [])
        if (label !== null) countSync(label, -1)
      for (const { label } of answers) if (label !== null) countSync(label, 1)
      if (answers.some(({ label }) => label === null)) tables.neither.putSync(photo, null)
      else tables.neither.removeSync(photo)
      tables.answers.putSync(photo, record)
    },

    labels: () => [...tables.names.keys()].map(String),
    neither: () => [...tables.neither.keys()].map(String),
  }
}
