import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { EdgeloopError } from '../../../lib/errors/index.ts'
import { UNREPEATED_HINT } from '../../../lib/forwarding/index.ts'
import { traitsOf } from '../../../lib/stack/index.ts'
import type { ListedFunction, Reach } from '../placed/index.ts'
import {
  createAgent,
  Lost,
  mayRepeat,
  Refused,
  type ReplayableBody,
  replayable,
  send,
} from '../sending/index.ts'

export interface PortReachOptions {
  /** How long a request waits for a function whose pod is being replaced, in milliseconds. */
  holdMs?: number
}

/** A request on its way. */
interface Call {
  fn: ListedFunction
  port: number
  request: Request
  body: ReplayableBody | undefined
}

const HOST = '127.0.0.1'
const HOLD_MS = 10_000
/** How soon it is tried again, and how seldom at last, in milliseconds. */
const FIRST_PAUSE_MS = 20
const LONGEST_PAUSE_MS = 250
/** How long a function may take to say whether it is ready, in milliseconds. */
const READY_MS = 1000

/**
 * Functions that listen at ports of 127.0.0.1. A pod is replaced by stopping the old one first, because both want the
 * same port: requests that come in between wait for the new one.
 */
export function createPortReach({ holdMs = HOLD_MS }: PortReachOptions = {}): Reach {
  const agent = createAgent()
  /** Functions that did not take the last request. */
  const silent = new Set<string>()
  const idOf = ({ name, namespace }: ListedFunction) => `${namespace ?? ''}/${name}`

  function portOf({ name, port }: ListedFunction): number {
    if (port !== undefined) return port
    throw new EdgeloopError('UNAVAILABLE', `${name} has no port on this node`, {
      where: name,
      hint: 'only functions on the host network or with a host port can be invoked at an edge',
    })
  }

  const unavailable = (fn: ListedFunction, cause?: unknown) => {
    silent.add(idOf(fn))
    return new EdgeloopError('UNAVAILABLE', `${fn.name} does not run here at the moment`, {
      where: `${HOST}:${fn.port}`,
      hint: 'its pod is being replaced, its image is on its way, or it does not start: see its logs',
      cause,
    })
  }

  /** @returns undefined when it may be tried again */
  async function attempt(call: Call): Promise<Response | undefined> {
    const { fn, port, request, body } = call
    const kept = () => !body || body.replayable
    try {
      const response = await send({ host: HOST, port }, request, body, agent)
      // A 503 of its own is an answer; one of a function that is about to end, or has just begun, is not.
      if (response.status !== 503 || !kept() || (await isReady(fn, port))) return response
      await response.body?.cancel()
      return undefined
    } catch (error) {
      if (error instanceof Refused) {
        if (kept()) return undefined
        throw unavailable(fn, error)
      }
      if (!(error instanceof Lost)) throw error
      if (kept() && mayRepeat(request)) return undefined
      throw new EdgeloopError('BAD_GATEWAY', `${fn.name} broke off before it answered`, {
        where: `${HOST}:${port}`,
        hint: mayRepeat(request) ? 'it was too large to be sent again: see its logs' : UNREPEATED_HINT,
        cause: error,
      })
    }
  }

  async function isReady(fn: ListedFunction, port: number): Promise<boolean> {
    const url = `http://${HOST}:${port}${traitsOf(fn).ready.path}`
    const request = new Request(url, { signal: AbortSignal.timeout(READY_MS) })
    try {
      const response = await send({ host: HOST, port }, request, undefined, agent)
      await response.body?.cancel()
      return response.status !== 503
    } catch {
      return false
    }
  }

  return {
    apply: async () => [],
    answers: (fn) => !silent.has(idOf(fn)),

    async invoke(fn, request) {
      const body = request.body ? replayable(request.body) : undefined
      const call: Call = { fn, port: portOf(fn), request, body }
      const until = performance.now() + holdMs
      const { signal } = request
      for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
        const response = await attempt(call)
        if (response) {
          silent.delete(idOf(fn))
          return response
        }
        if (performance.now() > until) throw unavailable(fn)
        await sleep(pause, undefined, { signal }).catch(() => signal.throwIfAborted())
      }
    },

    async origin(fn, avoid, leaving) {
      const port = portOf(fn)
      const origin = `http://${HOST}:${port}`
      if (!avoid.has(origin) && !silent.has(idOf(fn))) return origin
      const until = performance.now() + holdMs
      const signal = leaving?.()
      for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
        if (await listens(port)) break
        if (performance.now() > until) throw unavailable(fn)
        await sleep(pause, undefined, { signal })
      }
      silent.delete(idOf(fn))
      return origin
    },

    async close() {
      agent.destroy()
    },
  }
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, HOST)
    const tell = (yes: boolean) => {
      socket.destroy()
      resolve(yes)
    }
    socket.once('connect', () => tell(true)).once('error', () => tell(false))
  })
}
