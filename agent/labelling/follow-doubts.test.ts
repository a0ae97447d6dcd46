import path from 'node:path'
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest'
import { openDatabase } from '../../lib/database/index.ts'
import { doubtStore } from '../../lib/dataset/index.ts'
import { createObjectStore } from '../../lib/s3/index.ts'
import { type Bucket, hashOf, openBucket, openLine, temporaryDirectory } from '../../test/support/index.ts'
import { createLabelBook, followDoubts } from './index.ts'

let bucket: Bucket
beforeAll(async () => {
  bucket = await openBucket()
})
afterAll(() => bucket.close())

const eventually = (check: () => unknown) => vi.waitFor(check, { timeout: 10_000, interval: 20 })
const ANSWER = { by: 'ana', at: '2026-01-01T00:00:00.000Z', label: 'ant', among: ['ant', 'bee'] }
const doubt = (name: string, probability: number) => ({ photo: hashOf(name), label: 'ant', probability })

it('asks a second person about this edge’s photos that the newest run doubts, also when the cloud is away again', async () => {
  const complaints = vi.spyOn(console, 'error')
  const temporary = await temporaryDirectory('doubts')
  const database = await openDatabase(path.join(temporary.directory, 'database'))
  const line = await openLine(bucket.environment.S3_ENDPOINT!)
  const store = createObjectStore({
    endpoint: line.url,
    bucket: bucket.environment.S3_BUCKET!,
    accessKeyId: bucket.environment.S3_ACCESS_KEY_ID!,
    secretAccessKey: bucket.environment.S3_SECRET_ACCESS_KEY!,
    attempts: 1,
  })
  const book = createLabelBook(database)
  const following = followDoubts({ store, dataset: 'photos', database, book, pollMs: 20 })
  onTestFinished(async () => {
    await following.close()
    store.close()
    await line.close()
    await database.close()
    await temporary.remove()
    expect(complaints).not.toHaveBeenCalled()
    complaints.mockRestore()
  })
  const about = {
    edge: 'edge-1',
    device: 'pi',
    mediaType: 'image/jpeg',
    size: 1,
    audit: false,
    prediction: null,
  }
  await database.transaction(() => {
    for (const photo of [hashOf('a'), hashOf('b')]) {
      book.askSync({ photo, ...about })
      book.writeSync({ ...book.said(book.photo(photo)!), answers: [ANSWER] })
    }
  })
  const waiting = () => [...book.waiting()].map(({ photo }) => photo)
  const doubts = doubtStore(bucket.store, 'photos')

  await doubts.write('000001', [doubt('b', 0.05), doubt('a', 0.01), doubt('another edge’s', 0.01)])
  await eventually(() => expect(waiting()).toEqual([hashOf('a'), hashOf('b')]))
  line.cut(() => true)
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(waiting()).toHaveLength(2)
  line.mend()
  await doubts.write('000002', [doubt('b', 0.02)])
  await eventually(() => expect(waiting()).toEqual([hashOf('b')]))
})
