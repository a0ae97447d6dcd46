import type { IncomingMessage } from 'node:http'
import { isOfTheConnection } from '../../lib/forwarding/index.ts'
import type { Invocation } from './invocation.ts'

/** Headers that are written anew. */
const REPLACED: ReadonlySet<string> = new Set([
  'host',
  'expect',
  'x-call-id',
  'x-start-time',
  'x-forwarded-for',
  'x-forwarded-host',
])

/**
 * A request as it is sent to a function: line and headers, the body's framing included.
 *
 * @param origin `http://HOST:PORT`
 */
export function requestHead(incoming: IncomingMessage, invocation: Invocation, origin: string): string {
  const { rawHeaders, headers } = incoming
  const { connection } = headers
  let head = `${incoming.method} ${invocation.target.path} HTTP/1.1\r\nHost: ${origin.slice('http://'.length)}\r\n`
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!
    const lower = name.toLowerCase()
    if (REPLACED.has(lower) || isOfTheConnection(lower, connection)) continue
    if (lower === 'authorization' && invocation.consumedCredentials) continue
    head += `${name}: ${rawHeaders[i + 1]}\r\n`
  }
  const from = incoming.socket.remoteAddress ?? 'unknown'
  const before = headers['x-forwarded-for']
  head += `X-Call-Id: ${invocation.callId}\r\nX-Start-Time: ${invocation.startTime}\r\n`
  head += `X-Forwarded-For: ${before ? `${before}, ${from}` : from}\r\n`
  const host = headers['x-forwarded-host'] ?? headers.host
  if (host) head += `X-Forwarded-Host: ${host}\r\n`
  if (headers['transfer-encoding'] !== undefined) head += 'Transfer-Encoding: chunked\r\n'
  return `${head}\r\n`
}
