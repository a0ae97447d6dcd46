import { once } from 'node:events'
import { type Agent, type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { endToEnd, isRepeatable, isWithoutBody, targetOf } from '../../../lib/forwarding/index.ts'
import { heard, room } from '../../../lib/waiting/index.ts'
import type { ReplayableBody } from './replayable.ts'

/** Where a function listens. */
export interface Address {
  host: string
  port: number
}

/** What a connection fails with before anything is sent on it. */
const NOT_CONNECTED = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'ETIMEDOUT'])

/** How long it may take to connect, in milliseconds. */
const CONNECT_MS = 3000

/** Nothing listens there: nobody has seen the request. */
export class Refused extends Error {}

/** The connection broke before an answer came: somebody may have seen the request. */
export class Lost extends Error {
  /** It had been used before, so that most likely it was closed for being idle, at the wrong moment. */
  readonly reused: boolean

  constructor(cause: Error, reused: boolean) {
    super(cause.message, { cause })
    this.reused = reused
  }
}

/** Whether a request whose connection was lost may be sent again. */
export const mayRepeat = ({ method, headers }: Request) => isRepeatable(method, (name) => headers.has(name))

/**
 * Sends a request to a function.
 * @throws Refused, Lost, or the reason of the request's signal
 */
export async function send(
  { host, port }: Address,
  request: Request,
  body: ReplayableBody | undefined,
  agent: Agent
): Promise<Response> {
  const { method, signal } = request
  const headers = endToEnd(request.headers)
  // Node would not frame a body of its own accord where a method is not known to have one.
  if (body && !headers.has('content-length')) headers.set('transfer-encoding', 'chunked')
  // A GET's body is not passed on; announced, the next request would be taken for it.
  if (!body) headers.delete('content-length')
  // A connection may have been closed at the other end without this process having heard of it.
  if (!mayRepeat(request)) await heard()
  signal.throwIfAborted()
  const outgoing = httpRequest({
    host,
    port,
    method,
    path: targetOf(request),
    headers: Object.fromEntries(headers),
    agent,
  })
  const giveUp = () => outgoing.destroy()
  signal.addEventListener('abort', giveUp, { once: true })
  outgoing.once('close', () => signal.removeEventListener('abort', giveUp))
  boundConnecting(outgoing)
  // Also after the answer has begun: whoever reads the body sees it.
  outgoing.on('error', () => {})
  try {
    const answering = once(outgoing, 'response')
    if (body) feed(outgoing, body).catch(() => outgoing.destroy())
    else outgoing.end()
    const [answer] = (await answering) as [IncomingMessage]
    return responseOf(answer, method)
  } catch (cause) {
    signal.throwIfAborted()
    const error = cause as NodeJS.ErrnoException
    throw NOT_CONNECTED.has(error.code ?? '')
      ? new Refused(error.message)
      : new Lost(error, outgoing.reusedSocket)
  }
}

function boundConnecting(outgoing: ClientRequest): void {
  outgoing.once('socket', (socket) => {
    if (!socket.connecting) return
    const late = Object.assign(new Error('it does not take a connection'), { code: 'ETIMEDOUT' })
    const timer = setTimeout(() => outgoing.destroy(late), CONNECT_MS)
    const settle = () => clearTimeout(timer)
    socket.once('connect', settle).once('close', settle)
  })
}

async function feed(outgoing: ClientRequest, body: ReplayableBody): Promise<void> {
  for await (const piece of body.pieces()) {
    if (outgoing.destroyed) return
    if (!outgoing.write(piece)) await room(outgoing)
  }
  outgoing.end()
}

function responseOf(answer: IncomingMessage, method: string): Response {
  const status = answer.statusCode!
  const headers = new Headers()
  for (let i = 0; i < answer.rawHeaders.length; i += 2)
    headers.append(answer.rawHeaders[i]!, answer.rawHeaders[i + 1]!)
  const empty = isWithoutBody(method, status) || answer.headers['content-length'] === '0'
  if (empty) answer.resume()
  const body = empty ? null : (Readable.toWeb(answer) as ReadableStream<Uint8Array>)
  return new Response(body, { status, headers: endToEnd(headers) })
}
