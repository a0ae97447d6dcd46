/**
 * For tests: a classifier without a model. A photo's bytes say what it answers.
 * @module
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { createEvent, eventResponse, readEvent } from '../lib/events/index.ts'
import { createFunctionApp } from '../lib/function/index.ts'
import { fetchPhoto } from '../lib/photo/index.ts'

export interface FakeScene {
  n: number
  /** Of being a cat. */
  confidence?: number
  /** What makes it unreadable. */
  unreadable?: string
  /** A status that is answered instead. */
  status?: number
  /** How long it takes, in milliseconds. */
  slow?: number
  /** A file that it waits for. */
  until?: string
}

const JPEG = Buffer.of(0xff, 0xd8, 0xff)
const BACKBONE = 'ab'.repeat(32)

/** Bytes that begin like a JPEG and hold the scene. */
export const photoOf = (scene: FakeScene): Buffer => Buffer.concat([JPEG, Buffer.from(JSON.stringify(scene))])

const app = createFunctionApp()

app.get('/', (c) => c.json({ wanted: 1, serving: 1, why: null }))

app.post('/', async (c) => {
  const { data } = await readEvent(c.req.raw, ['photo.captured'])
  const bytes = await fetchPhoto(data.photo)
  const scene: FakeScene = JSON.parse(Buffer.from(bytes.subarray(JPEG.length)).toString())
  if (scene.slow) await sleep(scene.slow)
  while (scene.until && !existsSync(scene.until)) await sleep(10)
  if (scene.status) return new Response('not this one', { status: scene.status })
  return eventResponse(
    createEvent('photo.classified', `edges/${data.edge}/classify`, [data.photo.hash, 1], {
      ...data,
      ...(scene.unreadable
        ? unreadable(scene.unreadable)
        : readable(data.photo.hash, scene.confidence ?? 0.99)),
    })
  )
})

function unreadable(why: string) {
  return { prediction: null, features: null, perceptualHash: null, thresholds: null, unreadable: why }
}

function readable(hash: string, confidence: number) {
  // Different photos have different features and perceptual hashes: nothing is taken for a duplicate.
  const noise = createHash('sha512').update(hash).digest()
  return {
    prediction: {
      model: { name: 'photos', version: 1 },
      labels: [
        { label: 'cat', score: confidence },
        { label: 'dog', score: 1 - confidence },
      ],
      confidence,
    },
    features: { backbone: BACKBONE, values: Buffer.alloc(64).toString('base64') },
    perceptualHash: noise.toString('hex').slice(0, 16),
    thresholds: { accept: 0.95, audit: 0 },
  }
}

export default app
