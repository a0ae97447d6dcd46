import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { Socket } from 'node:net'
import { EdgeloopError } from '../../lib/errors/index.ts'
import { RELAY_PROTOCOL, relayPath } from '../../lib/relay-line/index.ts'

/** How long the cloud may take to take the connection, in milliseconds. */
const TIMEOUT_MS = 5000

/**
 * Opens a connection on which the cloud's gateway may ask this edge.
 * @throws EdgeloopError UNAVAILABLE when it is out of reach, UNAUTHENTICATED or MISCONFIGURED when it does not want to
 */
export function connectLine(
  gateway: string,
  edge: string,
  token: string | undefined,
  closing: AbortSignal
): Promise<Socket> {
  const url = new URL(relayPath(edge), gateway)
  const send = url.protocol === 'https:' ? requestHttps : requestHttp
  const headers = {
    Connection: 'Upgrade',
    Upgrade: RELAY_PROTOCOL,
    ...(token !== undefined && { Authorization: `Bearer ${token}` }),
  }
  return new Promise((resolve, reject) => {
    const request: ClientRequest = send(url, { headers, agent: false, timeout: TIMEOUT_MS, signal: closing })
    const unreachable = (why: string, cause?: unknown) =>
      reject(new EdgeloopError('UNAVAILABLE', `the cloud gateway ${why}`, { where: url.href, cause }))
    request.on('timeout', () => request.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)))
    request.on('error', (cause) => unreachable('does not answer', cause))
    request.on('upgrade', (_answer: IncomingMessage, socket: Socket, head: Buffer) => {
      socket.setTimeout(0)
      socket.setNoDelay(true)
      // The first bytes may have come together with the answer.
      if (head.length > 0) socket.unshift(head)
      resolve(socket)
    })
    request.on('response', (answer) => {
      answer.resume()
      reject(refusal(answer.statusCode!, url))
    })
    request.end()
  })
}

function refusal(status: number, url: URL): EdgeloopError {
  const where = url.href
  if (status === 401 || status === 403)
    return new EdgeloopError('UNAUTHENTICATED', `the cloud gateway does not accept this edge (${status})`, {
      where,
      hint: "compare the secret edge-token here with the gateway's",
    })
  if (status >= 500)
    return new EdgeloopError('UNAVAILABLE', `the cloud gateway answered ${status}`, { where })
  return new EdgeloopError('MISCONFIGURED', `the cloud gateway opens no relay: it answered ${status}`, {
    where,
    hint: 'what stands before the gateway has to let "Upgrade: edgeloop-relay" pass',
  })
}
