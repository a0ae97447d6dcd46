import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2'
import { EdgeloopError } from '../../lib/errors/index.ts'
import { isWithoutBody } from '../../lib/forwarding/index.ts'
import { bodyOf, breakOff, headersOf, requestHead, sendBody } from '../../lib/relay-line/index.ts'
import { OutOfReach } from './out-of-reach.ts'

/**
 * One request and its response over a line.
 * @throws OutOfReach when nothing has been sent; EdgeloopError UNAVAILABLE when the line ends before the response begins; the reason of the request's signal
 */
export function exchange(
  line: ClientHttp2Session,
  edge: string,
  path: string,
  request: Request
): Promise<Response> {
  const { signal, body, method } = request
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const stream = begin(line, edge, path, request)
    const lost = (cause?: unknown) =>
      reject(new EdgeloopError('UNAVAILABLE', `${edge} does not answer`, { where: edge, cause }))
    const giveUp = () => {
      reject(signal.reason)
      breakOff(stream, signal.reason)
    }
    signal.addEventListener('abort', giveUp, { once: true })
    stream.once('close', () => {
      signal.removeEventListener('abort', giveUp)
      lost()
    })
    // Also later, when it is the body that breaks off: whoever reads that sees it.
    stream.on('error', lost)
    stream.once('response', (head) => {
      const status = Number(head[':status'])
      const empty = isWithoutBody(method, status)
      if (empty) stream.resume()
      const cancel = (why: unknown) => breakOff(stream, why)
      const headers = headersOf(head)
      headers.set('X-Edge', edge)
      resolve(new Response(empty ? null : bodyOf(stream, cancel), { status, headers }))
    })
    if (body) void sendBody(body, stream)
  })
}

function begin(line: ClientHttp2Session, edge: string, path: string, request: Request): ClientHttp2Stream {
  const head = requestHead(request, edge, path)
  try {
    return line.request(head, { endStream: request.body === null })
  } catch (cause) {
    // It is closing, or has no numbers left for streams: the agent opens another one.
    line.close()
    throw new OutOfReach(edge, { cause })
  }
}
