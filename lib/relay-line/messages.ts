import {
  constants,
  type Http2Stream,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
  type OutgoingHttpHeaders,
} from 'node:http2'
import { EdgeloopError } from '../errors/index.ts'
import { endToEnd } from '../forwarding/index.ts'
import { room } from '../waiting/index.ts'

/** What HTTP/2 sends ahead of a request's body. */
export function requestHead(
  request: Pick<Request, 'method' | 'headers' | 'body'>,
  authority: string,
  path: string
): OutgoingHttpHeaders {
  const headers = plain(request.headers)
  // A GET's body is not passed on; announced, a stream without it is no request.
  if (request.body === null) delete headers['content-length']
  return {
    ...headers,
    ':method': request.method,
    ':scheme': 'http',
    ':authority': authority,
    ':path': path,
  }
}

/** What HTTP/2 sends ahead of a response's body. */
export function responseHead(response: { status: number; headers: Headers }): OutgoingHttpHeaders {
  return { ...plain(response.headers), ':status': response.status }
}

function plain(headers: Headers): OutgoingHttpHeaders {
  const rest = endToEnd(headers)
  const cookies = rest.getSetCookie()
  return { ...Object.fromEntries(rest), ...(cookies.length > 0 && { 'set-cookie': cookies }) }
}

/** The headers that came, without HTTP/2's own. */
export function headersOf(head: IncomingHttpHeaders & IncomingHttpStatusHeader): Headers {
  const headers = new Headers()
  for (const [name, value] of Object.entries(head)) {
    if (name.startsWith(':') || value === undefined) continue
    for (const one of Array.isArray(value) ? value : [value]) headers.append(name, String(one))
  }
  return headers
}

/**
 * The body that comes on a stream; breaks off with an error where the stream does. Not `Readable.toWeb`, which in Node 20
 * ends only when the other direction has ended, too.
 * @param onCancel the reader wants no more
 */
export function bodyOf(
  stream: Http2Stream,
  onCancel: (why: unknown) => void = () => {}
): ReadableStream<Uint8Array> {
  const pieces: AsyncIterator<Uint8Array> = stream.iterator({ destroyOnReturn: false })
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await pieces.next()
        if (!done) return controller.enqueue(value)
        // Reset, and not ended: what came is not all.
        if (stream.rstCode !== constants.NGHTTP2_NO_ERROR) throw brokenOff()
        controller.close()
      },
      cancel: onCancel,
    },
    { highWaterMark: 0 }
  )
}

/**
 * Sends a body as fast as the other end takes it. Where the source breaks off, so does the stream; where the other end
 * wants no more, the source is told.
 */
export async function sendBody(body: ReadableStream<Uint8Array>, stream: Http2Stream): Promise<void> {
  const reader = body.getReader()
  const giveUp = () => void reader.cancel().catch(() => {})
  stream.once('close', giveUp)
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (stream.closed || stream.writableEnded) return giveUp()
      if (done) return void stream.end()
      if (!stream.write(value)) await room(stream)
    }
  } catch (error) {
    breakOff(stream, error)
  } finally {
    stream.off('close', giveUp)
  }
}

/** Ends a stream so that nobody takes what came for all. Not by `close`, which sends an ordinary end first. */
export function breakOff(stream: Http2Stream, cause: unknown): void {
  stream.destroy(brokenOff(cause))
}

const brokenOff = (cause?: unknown) => new EdgeloopError('UNAVAILABLE', 'it was broken off', { cause })
