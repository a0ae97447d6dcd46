/**
 * Calls into a worker thread: started by the first call, and by the next one after it ended unexpectedly.
 * @module
 */
import type { Worker } from 'node:worker_threads'
import { EdgeloopError } from '../errors/index.ts'
import { fromFailure, type Reply, type Request } from './protocol.ts'
import type { RuntimeName } from './runtime.ts'

export interface WorkerClient {
  /**
   * Starts the worker unless it runs; done when it is ready.
   * @returns what it computes on
   * @throws what kept it from starting
   */
  start(): Promise<RuntimeName>
  /** One batch; `pixels` is handed over and is empty afterwards. */
  call(pixels: Uint8Array<ArrayBuffer>, batch: number): Promise<Float32Array<ArrayBuffer>>
  /** Stops the worker at once: calls that wait fail. */
  close(): Promise<void>
}

interface Waiting<T> {
  resolve(value: T): void
  reject(error: EdgeloopError): void
}

/** A worker from its start to its end. */
interface Session {
  worker: Worker
  ready: Promise<RuntimeName>
  calls: Map<number, Waiting<Float32Array<ArrayBuffer>>>
}

/** @param spawn starts a worker that speaks `protocol.ts` */
export function createWorkerClient(spawn: () => Worker): WorkerClient {
  let session: Session | undefined
  let closed = false
  let lastId = 0

  function open(): Session {
    const calls: Session['calls'] = new Map()
    const worker = spawn()
    const { promise: ready, resolve, reject } = withResolvers<RuntimeName>()
    // Whoever calls `start` or `call` sees the rejection; nobody may be waiting when the worker ends.
    ready.catch(() => {})
    const opened: Session = { worker, ready, calls }

    const end = (error: EdgeloopError) => {
      if (session === opened) session = undefined
      reject(error)
      for (const call of calls.values()) call.reject(error)
      calls.clear()
      worker.terminate().catch(() => {})
    }
    worker.on('message', (reply: Reply) => {
      if (reply.type === 'ready') return resolve(reply.runtime)
      if (reply.type === 'answer') {
        calls.get(reply.id)?.resolve(reply.features)
        calls.delete(reply.id)
        return
      }
      const error = fromFailure(reply.failure)
      if (reply.id === null) return end(error)
      calls.get(reply.id)?.reject(error)
      calls.delete(reply.id)
      if (reply.failure.broken) end(ended('after an error'))
    })
    worker.on('error', (cause) => end(ended(`with: ${cause.message}`, cause)))
    worker.on('exit', (code) => end(ended(`with exit code ${code}`)))
    return opened
  }

  async function current(): Promise<Session> {
    if (closed) throw new EdgeloopError('UNAVAILABLE', 'the worker is closed')
    session ??= open()
    const opened = session
    await opened.ready
    return opened
  }

  return {
    async start() {
      const { ready } = await current()
      return ready
    },
    async call(pixels, batch) {
      const { worker, calls } = await current()
      const { promise, resolve, reject } = withResolvers<Float32Array<ArrayBuffer>>()
      const request: Request = { id: ++lastId, pixels, batch }
      calls.set(request.id, { resolve, reject })
      worker.postMessage(request, [pixels.buffer])
      return promise
    },
    async close() {
      closed = true
      await session?.worker.terminate()
    },
  }
}

function ended(how: string, cause?: unknown): EdgeloopError {
  return new EdgeloopError('UNAVAILABLE', `the worker that computes features ended ${how}`, {
    cause,
    hint: 'Try again: the next call starts a new worker.',
  })
}

/** `Promise.withResolvers`, which Node 20 lacks. */
function withResolvers<T>(): Waiting<T> & { promise: Promise<T> } {
  let waiting!: Waiting<T>
  const promise = new Promise<T>((resolve, reject) => {
    waiting = { resolve, reject }
  })
  return { promise, ...waiting }
}
