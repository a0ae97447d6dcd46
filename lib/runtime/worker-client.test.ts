import { Worker } from 'node:worker_threads'
import { afterEach, describe, expect, it } from 'vitest'
import { createWorkerClient, type WorkerClient } from './worker-client.ts'

/** A real worker that computes nothing and does what the first pixel says. */
const SOURCE = `
  const { parentPort } = require('node:worker_threads')
  const failure = (id, code, broken) =>
    parentPort.postMessage({ type: 'failure', id, failure: { code, message: 'no', hint: 'do', broken } })
  parentPort.on('message', ({ id, pixels, batch }) => {
    if (pixels[0] === 1) process.exit(3)
    if (pixels[0] === 2) throw new Error('out of wits')
    if (pixels[0] === 3) return failure(id, 'UNPROCESSABLE', false)
    if (pixels[0] === 4) return failure(id, 'INTERNAL', true)
    if (pixels[0] === 5) return
    parentPort.postMessage({ type: 'answer', id, features: Float32Array.of(pixels.length, batch) })
  })
  parentPort.postMessage({ type: 'ready' })`

let client: WorkerClient | undefined
let started = 0
const create = (source = SOURCE) => {
  started = 0
  client = createWorkerClient(() => {
    started++
    return new Worker(source, { eval: true })
  })
  return client
}
const pixels = (what: number) => Uint8Array.of(what, 0, 0)
afterEach(() => client?.close())

describe('calls into a worker', () => {
  it('are answered, each its own, by one worker', async () => {
    const { call } = create()
    const answers = await Promise.all([1, 2, 3, 4].map((batch) => call(pixels(0), batch)))
    expect(answers).toEqual([1, 2, 3, 4].map((batch) => Float32Array.of(3, batch)))
    expect(started).toBe(1)
  })

  it('hand their pixels over', async () => {
    const given = pixels(0)
    await create().call(given, 1)
    expect(given).toHaveLength(0)
  })

  it.each([
    ['exits', 1, /ended with exit code 3/],
    ['throws', 2, /ended with: out of wits/],
  ])('all fail when it %s; the next one starts another', async (_, what, message) => {
    const { call } = create()
    const calls = await Promise.allSettled([call(pixels(5), 1), call(pixels(what), 1)])
    for (const result of calls) {
      expect(result).toMatchObject({
        status: 'rejected',
        reason: { code: 'UNAVAILABLE', message: expect.stringMatching(message) },
      })
    }
    await expect(call(pixels(0), 1)).resolves.toHaveLength(2)
    expect(started).toBe(2)
  })

  it('fail alone with an error of their own', async () => {
    const { call } = create()
    const [bad, good] = await Promise.allSettled([call(pixels(3), 1), call(pixels(0), 1)])
    expect(bad).toMatchObject({
      reason: { name: 'EdgeloopError', code: 'UNPROCESSABLE', message: 'no', hint: 'do' },
    })
    expect(good.status).toBe('fulfilled')
    expect(started).toBe(1)
  })

  it('do not reach a worker that is broken', async () => {
    const { call } = create()
    const [broken, waiting] = await Promise.allSettled([call(pixels(4), 1), call(pixels(5), 1)])
    expect(broken).toMatchObject({ reason: { code: 'INTERNAL' } })
    expect(waiting).toMatchObject({ reason: { code: 'UNAVAILABLE' } })
    await call(pixels(0), 1)
    expect(started).toBe(2)
  })

  it('say why it does not start, and try again', async () => {
    const { start, call } = create(`
      const failure = { code: 'CORRUPT', message: 'moths', broken: false }
      require('node:worker_threads').parentPort.postMessage({ type: 'failure', id: null, failure })`)
    await expect(start()).rejects.toMatchObject({ code: 'CORRUPT', message: 'moths' })
    await expect(call(pixels(0), 1)).rejects.toMatchObject({ code: 'CORRUPT' })
    expect(started).toBe(2)
  })

  it('that wait fail on closing; others are refused', async () => {
    const { call, start, close } = create()
    await start()
    const pending = expect(call(pixels(5), 1)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await Promise.resolve()
    await close()
    await pending
    await expect(call(pixels(0), 1)).rejects.toMatchObject({ message: 'the worker is closed' })
    await close()
  })
})
