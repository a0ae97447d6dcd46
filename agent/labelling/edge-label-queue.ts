import { EdgeloopError } from '../../lib/errors/index.ts'
import type { LabelQueue } from '../../lib/labelling/index.ts'
import { mediaTypeOf, type PhotoStore } from '../photo-store/index.ts'
import { type AnsweringOptions, createAnswering } from './answering.ts'
import { type AskingOptions, createAsking } from './asking.ts'

export interface EdgeLabelQueueOptions extends AskingOptions, Omit<AnsweringOptions, 'clock'> {
  photos: Pick<PhotoStore, 'get'>
  /** The labels of the model that serves; undefined where they are not known now. */
  modelLabels(): Promise<readonly string[] | undefined>
  /** Milliseconds since 1970. */
  clock?: () => number
}

/**
 * The label queue of an edge: the photos on its disk that a person is to look at, whether or not the cloud is in reach. An
 * answer that is acknowledged is on disk, and will be in the bucket.
 */
export function createEdgeLabelQueue(options: EdgeLabelQueueOptions): LabelQueue {
  const { database, book, photos, modelLabels, clock = Date.now } = options
  const { claim } = createAsking(options)
  const { answer, skip, undo } = createAnswering({ ...options, clock })

  /** Takes note of what the serving model knows by now. */
  async function offer(): Promise<void> {
    const labels = await modelLabels()
    if (labels && !book.offers(labels)) await database.transaction(() => book.offerSync(labels))
  }

  return {
    async claim(by, asked) {
      await offer()
      return claim(by, asked)
    },

    async answer(given) {
      await offer()
      return answer(given)
    },

    skip,
    undo,

    async photo(photo) {
      const bytes = await photos.get(photo).catch((error: unknown) => {
        if (error instanceof EdgeloopError && error.code === 'NOT_FOUND') return undefined
        throw error
      })
      return bytes && { bytes, mediaType: mediaTypeOf(bytes) ?? 'application/octet-stream' }
    },

    async state() {
      await offer()
      const claimed = book.claims.all().filter(({ photo }) => book.photo(photo)?.place).length
      return { waiting: book.countWaiting() - claimed, claimed, ...book.tally.state(book.labels()) }
    },
  }
}
