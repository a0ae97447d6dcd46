import { createHash } from 'node:crypto'
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { defaultBackboneDir, openBackbone } from '../../lib/backbone/index.ts'
import { writeKerasH5, xceptionLayers } from '../../test/support/keras-xception.ts'
import { temporaryDirectory } from '../../test/support/temporary.ts'
import { type AddOptions, addBackbone, findBackbone, listBackbones } from './index.ts'

type Temporary = Awaited<ReturnType<typeof temporaryDirectory>>

let files: Temporary
let weights: string
let bytes: Buffer
let md5: string
beforeAll(async () => {
  files = await temporaryDirectory('weights')
  weights = path.join(files.directory, 'weights.h5')
  await writeKerasH5(weights, xceptionLayers())
  bytes = await readFile(weights)
  md5 = createHash('md5').update(bytes).digest('hex')
})
afterAll(() => files.remove())

let temporary: Temporary
let folder: string
let into: string
let server: Server | undefined
beforeEach(async () => {
  temporary = await temporaryDirectory('backbones')
  folder = path.join(temporary.directory, 'backbones')
  into = path.join(folder, 'xception')
})
afterEach(async () => {
  server?.closeAllConnections()
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)))
  server = undefined
  await temporary.remove()
})

const add = (options: Partial<AddOptions> = {}) =>
  addBackbone({ into, onProgress() {}, signal: new AbortController().signal, ...options })
const published = async (listener: RequestListener) => {
  server = createServer(listener)
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/weights.h5`, md5 }
}
/** What is in the folder, drafts included. */
const left = () => readdir(folder).catch(() => [])

describe('adding a backbone', () => {
  it('of a file makes it whole, and says when it is there already, or another one was', async () => {
    const first = await add({ from: weights })
    expect(first).toMatchObject({ directory: into, before: 'nothing', manifest: { name: 'xception' } })
    expect((await openBackbone(into)).manifest.hash).toBe(first.manifest.hash)
    expect(await add({ from: weights })).toMatchObject({ before: 'same', manifest: first.manifest })
    const renamed = path.join(temporary.directory, 'other.h5')
    await cp(weights, renamed)
    const other = await add({ from: renamed })
    expect(other.before).toBe('other')
    expect((await openBackbone(into)).manifest.hash).toBe(other.manifest.hash)
    expect(await left()).toEqual(['xception'])
  })

  it('mends one that is damaged', async () => {
    await add({ from: weights })
    await writeFile(path.join(into, 'weights.bin'), 'moths')
    expect(await add({ from: weights })).toMatchObject({ before: 'nothing' })
    await openBackbone(into)
  })

  it('leaves a folder alone that holds something else', async () => {
    await mkdir(into, { recursive: true })
    await writeFile(path.join(into, 'thesis.txt'), 'years')
    await expect(add({ from: weights })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: 'the folder holds something else: thesis.txt',
    })
    expect(await left()).toEqual(['xception'])
  })

  it('of a bad file leaves nothing behind, and what was there in place', async () => {
    const { manifest } = await add({ from: weights })
    const bad = path.join(temporary.directory, 'bad.h5')
    await writeFile(bad, bytes.subarray(0, 1000))
    await expect(add({ from: bad })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    expect(await left()).toEqual(['xception'])
    expect((await openBackbone(into)).manifest.hash).toBe(manifest.hash)
  })
})

describe('downloading', () => {
  it('verifies what came, and tells how far it is', async () => {
    const steps = new Map<string, number | undefined>()
    const source = await published((_request, response) => {
      response.setHeader('content-length', bytes.length)
      response.end(bytes)
    })
    const added = await add({ published: source, onProgress: (step, done) => steps.set(step, done) })
    expect(added.before).toBe('nothing')
    expect([...steps]).toEqual([
      ['downloading the weights', 1],
      ['reading the weights', undefined],
      ['folding batch norms', undefined],
      ['writing float16 weights', undefined],
    ])
    expect(await left()).toEqual(['xception'])
  })

  it.each<[string, RequestListener, object]>([
    [
      'other bytes come',
      (_request, response) => response.end('<html>log in first</html>'),
      { code: 'CORRUPT', message: expect.stringContaining('other bytes came than were published: MD5 ') },
    ],
    [
      'it breaks off',
      (_request, response) => {
        response.setHeader('content-length', bytes.length)
        response.write(bytes.subarray(0, 1000), () => response.destroy())
      },
      {
        code: 'UNAVAILABLE',
        message: expect.stringMatching(/^the download broke off after \d+ of \d+ bytes$/),
      },
    ],
    [
      'the server has no such file',
      (_request, response) => response.writeHead(404).end(),
      { code: 'BAD_GATEWAY', message: 'the server answers 404' },
    ],
  ])('leaves nothing behind where %s', async (_what, listener, error) => {
    const source = await published(listener)
    const hint = expect.stringContaining('--from FILE')
    await expect(add({ published: source })).rejects.toMatchObject({ ...error, where: source.url, hint })
    expect(await left()).toEqual([])
  })

  it('says that nobody answers, and what to do', async () => {
    const source = await published(() => {})
    await new Promise((resolve) => server!.close(resolve))
    await expect(add({ published: source })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(/^127\.0\.0\.1:\d+ is out of reach: .*ECONNREFUSED/),
      hint: expect.stringContaining('--from FILE'),
    })
  })

  it('ends when it is stopped, and leaves nothing behind', async () => {
    const stopping = new AbortController()
    const source = await published((_request, response) => response.write(bytes.subarray(0, 1000)))
    const adding = add({
      published: source,
      signal: stopping.signal,
      onProgress: () => stopping.abort(new Error('enough')),
    })
    await expect(adding).rejects.toThrow('enough')
    expect(await left()).toEqual([])
  })
})

describe('the backbones of a machine', () => {
  it('are the built-in one alone where there is no folder', async () => {
    expect(await listBackbones(folder)).toMatchObject([{ name: 'efficientnet-lite0', builtIn: true }])
  })

  it('are listed by the name of their folder, broken ones with the reason, drafts not at all', async () => {
    await mkdir(path.join(folder, '.xception-draft'), { recursive: true })
    await mkdir(path.join(folder, 'broken'))
    await cp(defaultBackboneDir, path.join(folder, 'mine'), { recursive: true })
    const listed = await listBackbones(folder)
    expect(listed.map(({ name, builtIn }) => [name, builtIn])).toEqual([
      ['efficientnet-lite0', true],
      ['broken', false],
      ['mine', false],
    ])
    expect(listed[1]!.broken).toMatch(/cannot read/)
    expect(listed[2]).toMatchObject({ directory: path.join(folder, 'mine'), manifest: { featureSize: 1280 } })
  })

  it('are found by name, and others by their folder', async () => {
    const mine = path.join(folder, 'mine')
    await cp(defaultBackboneDir, mine, { recursive: true })
    expect(await findBackbone('efficientnet-lite0', folder, '/')).toBe(defaultBackboneDir)
    expect(await findBackbone('mine', folder, '/')).toBe(mine)
    expect(await findBackbone('backbones/mine', folder, temporary.directory)).toBe(mine)
    expect(await findBackbone(mine, folder, '/')).toBe(mine)
  })

  it('that are unknown are answered with those that there are', async () => {
    await expect(findBackbone('xception', folder, '/')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: "there is no backbone 'xception'",
      hint: 'There are: efficientnet-lite0. Add Xception with: npx edgeloop backbone add xception',
    })
  })

  it('that are damaged are not found', async () => {
    const mine = path.join(folder, 'mine')
    await cp(defaultBackboneDir, mine, { recursive: true })
    await writeFile(path.join(mine, 'weights.bin'), 'moths')
    await expect(findBackbone('mine', folder, '/')).rejects.toMatchObject({ code: 'CORRUPT' })
    await mkdir(path.join(folder, 'empty'))
    await expect(findBackbone('empty', folder, '/')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})
