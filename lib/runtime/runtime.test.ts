import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { defaultBackboneDir } from '../backbone/index.ts'
import { decodePhoto } from '../photo-decoder/index.ts'
import { createRuntime, type Runtime } from './index.ts'
import { isInstalled } from './installed.ts'

const SIZE = 224 * 224 * 3
/** A photo of coloured stripes that differs by seed. */
const scene = (seed: number) =>
  Uint8Array.from({ length: SIZE }, (_, i) => (Math.sin(i / (7 + seed)) + 1) * 100 + ((i * seed) % 50))
const cosine = (a: Float32Array, b: Float32Array) => {
  const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, i) => sum + value * y[i]!, 0)
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b))
}

describe.each(['wasm', 'tfjs-node'] as const)('the runtime %s', (name) => {
  describe.skipIf(!isInstalled(name))('where it is installed', () => {
    let runtime: Runtime
    beforeAll(async () => {
      runtime = await createRuntime({ backboneDir: defaultBackboneDir, runtime: name })
    })
    afterAll(() => runtime.close())

    it('says what it is', () => {
      expect(runtime.name).toBe(name)
      expect(runtime.backbone).toMatchObject({
        name: 'efficientnet-lite0',
        inputSize: 224,
        featureSize: 1280,
      })
    })

    it('gives the same features alone, in a batch, and again, and leaves the photos alone', async () => {
      const photos = [0, 1, 2, 3, 4, 5].map(scene)
      const together = await runtime.features(photos)
      expect(photos.map((photo) => photo.length)).toEqual(photos.map(() => SIZE))
      const alone = await Promise.all(photos.map(async (photo) => (await runtime.features([photo]))[0]!))
      for (const [i, features] of together.entries()) {
        expect(features).toHaveLength(1280)
        expect(features.buffer.byteLength).toBe(1280 * 4)
        // ReLU6 and an average: from 0 to 6.
        expect(Math.min(...features)).toBeGreaterThanOrEqual(0)
        expect(Math.max(...features)).toBeLessThanOrEqual(6)
        expect(cosine(features, alone[i]!)).toBeGreaterThan(0.9999)
      }
      expect(cosine(together[0]!, together[5]!)).toBeLessThan(0.99)
    })

    it('answers nothing with nothing, and refuses photos of another size', async () => {
      expect(await runtime.features([])).toEqual([])
      await expect(runtime.features([scene(1), new Uint8Array(10)])).rejects.toMatchObject({
        code: 'INVALID_INPUT',
        message: 'photo 1 has 10 values',
      })
    })

    it('ends after the calls that began', async () => {
      const runtime = await createRuntime({ backboneDir: defaultBackboneDir, runtime: name })
      const pending = runtime.features([scene(1), scene(2), scene(3), scene(4), scene(5)])
      await Promise.all([runtime.close(), runtime.close()])
      expect(await pending).toHaveLength(5)
      await expect(runtime.features([scene(1)])).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    })
  })
})

describe.skipIf(!isInstalled('tfjs-node'))('both runtimes', () => {
  it('give the same features to three digits', async () => {
    const scenes = [1, 2, 3].map(scene)
    const [wasm, native] = await Promise.all(
      (['wasm', 'tfjs-node'] as const).map(async (name) => {
        const runtime = await createRuntime({ backboneDir: defaultBackboneDir, runtime: name })
        const features = await runtime.features(scenes)
        await runtime.close()
        return features
      })
    )
    for (const [i, features] of wasm!.entries()) {
      const largest = Math.max(...features)
      const apart = features.map((value, d) => Math.abs(value - native![i]![d]!))
      expect(Math.max(...apart)).toBeLessThan(largest / 1000)
    }
  })
})

describe('the choice of a runtime', () => {
  it('is the native one where that is installed', async () => {
    const runtime = await createRuntime({ backboneDir: defaultBackboneDir })
    expect(runtime.name).toBe(isInstalled('tfjs-node') ? 'tfjs-node' : 'wasm')
    await runtime.close()
  })

  it.skipIf(isInstalled('tfjs-node'))('says how to install what was asked for', async () => {
    const native = createRuntime({ backboneDir: defaultBackboneDir, runtime: 'tfjs-node' })
    await expect(native).rejects.toMatchObject({
      code: 'MISCONFIGURED',
      hint: expect.stringContaining('npm install @tensorflow/tfjs-node'),
    })
  })
})

describe('the life of a runtime', () => {
  it('does not begin without a whole backbone', async () => {
    await expect(createRuntime({ backboneDir: '/nowhere' })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    const dir = await mkdtemp(join(tmpdir(), 'edgeloop-runtime-'))
    await cp(join(defaultBackboneDir, 'backbone.json'), join(dir, 'backbone.json'))
    await expect(createRuntime({ backboneDir: dir })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      where: join(dir, 'weights.bin'),
    })
    await rm(dir, { recursive: true })
  })

  it('works in a program run by node --import tsx, and lets it end', async () => {
    const program = `
      const { createRuntime } = await import('./lib/runtime/index.ts')
      const { defaultBackboneDir } = await import('./lib/backbone/index.ts')
      const runtime = await createRuntime({ backboneDir: defaultBackboneDir })
      const [features] = await runtime.features([new Uint8Array(${SIZE})])
      console.log(features.length)
      await runtime.close()`
    const args = ['--import', 'tsx', '--input-type=module', '--eval', program]
    const { stdout } = await promisify(execFile)(process.execPath, args, {
      cwd: fileURLToPath(new URL('../../', import.meta.url)),
    })
    expect(stdout.trim()).toBe('1280')
  })
})

const photos = fileURLToPath(new URL('../../../shared/photos/', import.meta.url))
describe.skipIf(!existsSync(photos))('features of real photos (../shared/photos)', () => {
  it('are nearer within a breed than between cats and dogs', async () => {
    const runtime = await createRuntime({ backboneDir: defaultBackboneDir })
    const files = [...(await breed('cat', 'Siamese')), ...(await breed('dog', 'pug'))]
    const decoded = await Promise.all(
      files.map(async (file) => (await decodePhoto(await readFile(file), { size: 224 })).pixels)
    )
    const features = await runtime.features(decoded)
    await runtime.close()
    const mean = (pairs: [number, number][]) =>
      pairs.reduce((sum, [a, b]) => sum + cosine(features[a]!, features[b]!), 0) / pairs.length
    const cats: [number, number][] = [[0, 1], [1, 2], [0, 2]] // biome-ignore format: pairs
    const dogs: [number, number][] = [[3, 4], [4, 5], [3, 5]] // biome-ignore format: pairs
    const across: [number, number][] = [[0, 3], [1, 4], [2, 5]] // biome-ignore format: pairs
    expect(mean(cats)).toBeGreaterThan(mean(across) + 0.1)
    expect(mean(dogs)).toBeGreaterThan(mean(across) + 0.1)
  })
})

async function breed(folder: string, name: string): Promise<string[]> {
  const files = (await readdir(join(photos, folder))).filter((file) => file.startsWith(`${name}_`)).sort()
  return files.slice(0, 3).map((file) => join(photos, folder, file))
}
