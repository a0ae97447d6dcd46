import { setTimeout as sleep } from 'node:timers/promises'
import sharp from 'sharp'
import { median } from '../median.ts'
import { type Row, row } from '../report.ts'
import { callDuring } from './callers.ts'
import type { ClassifyProcess } from './classify-process.ts'
import { jpegs } from './photos.ts'
import type { Subject } from './subjects.ts'

const CALLERS = 2
/** Photos of each kind. */
const PHOTOS = 8
/** Photos of a request that sends pixels: 600 kB of text each where a side has 224. */
const PIXELS_OF = 4
/** Milliseconds. */
const LAG_MS = 20

/** The requests to TensorFlow Serving's API that take the longest to read: megabytes of base64, and of numbers. */
export async function largeRequests(directory: string, inputSize: number): Promise<Buffer[]> {
  const large = await jpegs(PHOTOS, { directory, width: 4000, height: 3000 })
  const encoded = large.map((photo) => ({
    signature_name: 'image_bytes',
    instances: [{ b64: photo.toString('base64') }],
  }))
  const pixels = await Promise.all(
    large.map((photo) => sharp(photo).resize(inputSize, inputSize, { fit: 'fill' }).raw().toBuffer())
  )
  const tensors = pixels.map((_, first) => ({
    instances: Array.from({ length: PIXELS_OF }, (_, i) => nested(pixels[(first + i) % PHOTOS]!, inputSize)),
  }))
  // Callers share them evenly: each gets some of both.
  return encoded.flatMap((one, i) => [one, tensors[i]!]).map((body) => Buffer.from(JSON.stringify(body)))
}

/** How long the event loop is held up while such requests come. */
export async function heldUp(
  { backbone, runtime }: Subject,
  classify: ClassifyProcess,
  requests: readonly Buffer[],
  { rounds, seconds }: { rounds: number; seconds: number }
): Promise<Row> {
  const what = `${backbone} on ${runtime}, base64 of 12 megapixels and tensors of ${PIXELS_OF} photos`
  const lags: number[] = []
  for (let round = 0; round <= rounds; round++) {
    await classify.lag()
    const url = `${classify.url}/v1/models/photos:predict`
    const answers = await callDuring(url, requests, CALLERS, () => sleep(seconds * 1000))
    const lag = await classify.lag()
    const failed = answers.filter(({ status }) => status !== 200)
    if (failed.length > 0) throw new Error(`${what}: a request failed with ${failed[0]!.status}`)
    process.stderr.write(`${what}: ${answers.length} answers, event loop held up ${lag} ms\n`)
    // The first round is for the compiler.
    if (round > 0) lags.push(lag)
  }
  return row(`${what}: event loop held up, 99th percentile`, median(lags), 'ms', ['≤', LAG_MS])
}

function nested(pixels: Buffer, side: number): number[][][] {
  return Array.from({ length: side }, (_, y) =>
    Array.from({ length: side }, (_, x) => [...pixels.subarray((y * side + x) * 3, (y * side + x) * 3 + 3)])
  )
}
