import path from 'node:path'
import { type Database, openDatabase } from '../../lib/database/index.ts'
import { labelQueueContract } from '../../lib/labelling/label-queue.contract.ts'
import { createSpool } from '../../lib/spool/index.ts'
import { temporaryDirectory } from '../../test/support/index.ts'
import { deliverySchema } from '../connector/index.ts'
import { createDecisionIndex } from '../decision-index/index.ts'
import { createPhotoStore } from '../photo-store/index.ts'
import { createEdgeLabelQueue, createLabelBook } from './index.ts'

labelQueueContract('an edge', async ({ labels, claimMs }) => {
  const { directory, remove } = await temporaryDirectory('edge-labels')
  const photos = await createPhotoStore(path.join(directory, 'photos'))
  let opened: Awaited<ReturnType<typeof open>>
  const doubts = new Map<string, { label: string; probability: number }>()

  async function open() {
    const database: Database = await openDatabase(path.join(directory, 'database'))
    const book = createLabelBook(database, { claimMs })
    const spool = createSpool(database, 'events', deliverySchema)
    const queue = createEdgeLabelQueue({
      ...{ edge: 'edge-1', dataset: 'photos', database, book, photos },
      decisions: createDecisionIndex(database),
      modelLabels: async () => labels,
      publishSync(event) {
        spool.enqueueSync({ queue: 'upload-sample', key: event.id, payload: event })
        return 1
      },
    })
    return { database, book, queue }
  }

  opened = await open()
  return {
    queue: opened.queue,
    async add({ bytes, edge, device, audit, prediction }) {
      const { hash, size } = await photos.put(bytes)
      const { database, book } = opened
      await database.transaction(() =>
        book.askSync({ photo: hash, mediaType: 'image/jpeg', size, edge, device, audit, prediction })
      )
    },
    async doubt(photo, label) {
      doubts.set(photo, { label, probability: 0.1 })
      await opened.database.transaction(() => opened.book.doubtSync(doubts))
    },
    async reopen() {
      await opened.database.close()
      opened = await open()
      return opened.queue
    },
    async close() {
      await opened.database.close()
      await remove()
    },
  }
})
