import type { Database } from '../../lib/database/index.ts'
import type { PhotoLedger } from './ledger.ts'
import type { PhotoStore } from './photo-store.ts'

export interface CleaningOptions {
  database: Database
  photos: PhotoStore
  ledger: PhotoLedger
}

export interface Cleaning {
  /** Removes photos that may go, the oldest first, for as long as `missing` says that more bytes are. One at a time. */
  run(missing: () => number): Promise<void>
  /** Resolves when none is running. */
  settled(): Promise<void>
}

/** How many photos go with one commit. */
const BATCH = 64

/**
 * Files first, then the ledger: what may go may go for good, so that a crash in between leaves a photo that nobody needs
 * and that is gone already. And a disk that takes no commit any more gets room by it.
 */
export function createCleaning({ database, photos, ledger }: CleaningOptions): Cleaning {
  let turn: Promise<unknown> = Promise.resolve()

  /** As many of the oldest as it takes. */
  async function chosen(bytes: number): Promise<string[]> {
    const photosToGo: string[] = []
    let found = 0
    for (const photo of ledger.removable(BATCH)) {
      if (found >= bytes) break
      photosToGo.push(photo)
      found += (await photos.has(photo)) ?? 0
    }
    return photosToGo
  }

  async function remove(missing: () => number): Promise<void> {
    for (let bytes = missing(); bytes > 0; bytes = missing()) {
      const gone = await chosen(bytes)
      if (gone.length === 0) return
      await Promise.all(gone.map((photo) => photos.delete(photo)))
      await database.transaction(() => {
        for (const photo of gone) ledger.forgetSync(photo)
      })
    }
  }

  return {
    run(missing) {
      const removing = turn.then(() => remove(missing))
      turn = removing.catch(() => {})
      return removing
    },
    settled: async () => {
      await turn
    },
  }
}
