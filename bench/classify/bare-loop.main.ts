/**
 * The least that can be done about photos: a backbone that computes the same batch again and again, with nothing around it.
 * Told how long and how many at a time, it says how many photos a second these were.
 * @module
 */
import { openBackbone } from '../../lib/backbone/index.ts'
import { type RuntimeChoice, startBackend } from '../../lib/runtime/index.ts'
import type { LoopRequest } from './bare-loop.ts'

const backend = await startBackend(process.env.RUNTIME as RuntimeChoice)
const backbone = await openBackbone(process.env.BACKBONE_DIR!)
const network = await backend.createNetwork(backbone)
const size = backbone.manifest.inputSize ** 2 * 3

process.on('message', ({ batch, seconds }: LoopRequest) => {
  const pixels = Uint8Array.from({ length: batch * size }, (_, i) => (i * 7919) % 256)
  network.features(pixels, batch)
  const began = performance.now()
  let photos = 0
  let elapsed = 0
  while (elapsed < seconds * 1000) {
    network.features(pixels, batch)
    photos += batch
    elapsed = performance.now() - began
  }
  process.send!((photos / elapsed) * 1000)
})
process.send!('ready')
