/**
 * The least that can be done about photos: a backbone that computes the same batch again and again, with nothing around it.
 * Told how long and how many at a time, it says how many photos a second these were; with JPEGs, each photo is decoded by
 * sharp while the batch before it is computed.
 * @module
 */
import sharp from 'sharp'
import { openBackbone } from '../../lib/backbone/index.ts'
import { type RuntimeChoice, startBackend } from '../../lib/runtime/index.ts'
import type { LoopRequest } from './bare-loop.ts'

const backend = await startBackend(process.env.RUNTIME as RuntimeChoice)
const backbone = await openBackbone(process.env.BACKBONE_DIR!)
const network = await backend.createNetwork(backbone)
const side = backbone.manifest.inputSize
const size = side ** 2 * 3

process.on('message', async ({ batch, seconds, jpegs }: LoopRequest) => {
  const ready = Uint8Array.from({ length: batch * size }, (_, i) => (i * 7919) % 256)
  let at = 0
  async function decode(): Promise<Uint8Array> {
    if (!jpegs) return ready
    const photos = Array.from({ length: batch }, () => jpegs[at++ % jpegs.length]!)
    const decoded = photos.map((photo) =>
      sharp(photo).resize(side, side, { fit: 'cover', kernel: 'lanczos3' }).removeAlpha().raw().toBuffer()
    )
    return Buffer.concat(await Promise.all(decoded))
  }

  network.features(ready, batch)
  const began = performance.now()
  let photos = 0
  let elapsed = 0
  let next = decode()
  while (elapsed < seconds * 1000) {
    const pixels = await next
    next = decode()
    network.features(pixels, batch)
    photos += batch
    elapsed = performance.now() - began
  }
  await next
  process.send!((photos / elapsed) * 1000)
})
process.send!('ready')
