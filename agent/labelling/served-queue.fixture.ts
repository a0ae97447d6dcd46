/**
 * For tests: the page, and the queue that it asks, on a server of their own.
 * @module
 */
import path from 'node:path'
import { openDatabase } from '../../lib/database/index.ts'
import { createSpool } from '../../lib/spool/index.ts'
import { serveHttp } from '../../lib/web-server/index.ts'
import { temporaryDirectory } from '../../test/support/index.ts'
import { deliverySchema } from '../connector/index.ts'
import { createDecisionIndex } from '../decision-index/index.ts'
import { createPhotoStore } from '../photo-store/index.ts'
import { createEdgeLabelQueue, createLabelBook, createLabelDoor } from './index.ts'

/** @param token what the server asks for; null where it asks for none */
export async function serveQueue(token: string | null = 'the-edges-token') {
  const { directory, remove } = await temporaryDirectory('label-page')
  const database = await openDatabase(path.join(directory, 'database'))
  const photos = await createPhotoStore(path.join(directory, 'photos'))
  const book = createLabelBook(database)
  const spool = createSpool(database, 'events', deliverySchema)
  const queue = createEdgeLabelQueue({
    ...{ edge: 'edge-1', dataset: 'photos', database, book, photos },
    decisions: createDecisionIndex(database),
    modelLabels: async () => ['ant', 'bee'],
    publishSync(event) {
      spool.enqueueSync({ queue: 'upload-sample', key: event.id, payload: event })
      return 1
    },
  })
  const door = createLabelDoor(
    queue,
    ({ req }) => token === null || req.header('authorization') === `Bearer ${token}`
  )
  const server = await serveHttp({ fetch: door.fetch, host: '127.0.0.1', port: 0, name: 'the page' })
  return {
    url: server.url,
    token,
    queue,
    /** @returns the photo */
    async add(confidence: number): Promise<string> {
      const bytes = Buffer.from(`\xff\xd8\xff a photo ${confidence}`, 'latin1')
      const { hash, size } = await photos.put(bytes)
      const labels = [
        { label: 'ant', score: confidence },
        { label: 'bee', score: 1 - confidence },
      ]
      const prediction = { model: { name: 'photos', version: 1 }, labels, confidence }
      const about = { edge: 'edge-1', device: 'pi', mediaType: 'image/jpeg', size, audit: false, prediction }
      await database.transaction(() => book.askSync({ photo: hash, ...about }))
      return hash
    },
    /** What people have said about a photo. */
    said: (photo: string) => book.said(book.photo(photo)!).answers.map(({ by, label }) => `${by}: ${label}`),
    async close() {
      await server.close()
      await database.close()
      await remove()
    },
  }
}
