import {
  constants,
  type IncomingHttpHeaders,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { Socket } from 'node:net'
import { sentTo } from '../../lib/forwarding/index.ts'
import {
  bodyOf,
  breakOff,
  headersOf,
  responseHead,
  SETTINGS,
  sendBody,
  type Watch,
  watchLine,
  widen,
} from '../../lib/relay-line/index.ts'

type Fetch = (request: Request) => Response | Promise<Response>

/** Answers the requests that come on a connection, until either end closes it. */
export function serveLine(socket: Socket, fetch: Fetch, watch?: Watch): ServerHttp2Session {
  const line = performServerHandshake(socket, SETTINGS)
  widen(line)
  watchLine(line, () => socket.bytesRead, watch)
  // A broken line is an ordinary event; 'close' follows.
  line.on('error', () => {})
  line.on('stream', (stream: ServerHttp2Stream, head: IncomingHttpHeaders) => {
    stream.on('error', () => {})
    answer(stream, head, fetch).catch((error: unknown) => {
      console.error('relay:', error)
      breakOff(stream, error)
    })
  })
  return line
}

async function answer(stream: ServerHttp2Stream, head: IncomingHttpHeaders, fetch: Fetch): Promise<void> {
  const gone = new AbortController()
  stream.once('close', () => gone.abort())
  const method = head[':method']!
  const init: RequestInit & { duplex: 'half' } = {
    method,
    headers: headersOf(head),
    body: stream.endAfterHeaders ? null : bodyOf(stream),
    signal: gone.signal,
    duplex: 'half',
  }
  const target = head[':path']!
  const response = await fetch(sentTo(new Request(`http://${head[':authority']}${target}`, init), target))
  if (stream.closed) return void response.body?.cancel().catch(() => {})
  const empty = response.body === null || method === 'HEAD'
  stream.respond(responseHead(response), { endStream: empty })
  if (empty) response.body?.cancel().catch(() => {})
  else await sendBody(response.body, stream)
  // The function has answered without reading all of it: no more of it is wanted.
  if (!stream.readableEnded) stream.close(constants.NGHTTP2_NO_ERROR)
}
