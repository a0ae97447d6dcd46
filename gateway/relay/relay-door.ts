import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { eventData } from '../../lib/events/index.ts'
import { RELAY_PROTOCOL } from '../../lib/relay-line/index.ts'
import type { Relays } from './relays.ts'

export interface RelayDoorOptions {
  relays: Relays
  /** Whether this `Authorization` header opens the door for an edge. */
  allows(authorization: string | undefined): boolean
}

/** Takes edges' connections: what a web server hands over when it is asked to upgrade one. */
export function createRelayDoor({ relays, allows }: RelayDoorOptions) {
  return (request: IncomingMessage, socket: Socket, head: Buffer): void => {
    // Whatever happens to it from now on, nobody is to fall over it.
    socket.on('error', () => {})
    const edge = edgeOf(request)
    const wrong =
      whatIsWrong(request, edge) ?? (allows(request.headers.authorization) ? undefined : NOT_ALLOWED)
    if (wrong) {
      refuse(socket, wrong)
      return
    }
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${RELAY_PROTOCOL}\r\n\r\n`
    )
    socket.setNoDelay(true)
    if (head.length > 0) socket.unshift(head)
    relays.accept(edge!, socket)
  }
}

interface Refusal {
  status: string
  error: string
}

const NOT_ALLOWED: Refusal = { status: '401 Unauthorized', error: "the edge's token is missing or wrong" }

const edgeOf = ({ url = '' }: IncomingMessage) => /^\/system\/places\/([^/?]+)\/relay$/.exec(url)?.[1]

function whatIsWrong({ method, headers }: IncomingMessage, edge: string | undefined): Refusal | undefined {
  const protocols = (headers.upgrade ?? '').split(',').map((one) => one.trim().toLowerCase())
  if (!protocols.includes(RELAY_PROTOCOL) || method !== 'GET')
    return { status: '501 Not Implemented', error: `only ${RELAY_PROTOCOL} can be upgraded to` }
  if (!eventData.name.safeParse(edge).success)
    return { status: '404 Not Found', error: 'an edge asks for /system/places/EDGE/relay' }
  return undefined
}

function refuse(socket: Socket, { status, error }: Refusal): void {
  const body = JSON.stringify({ error })
  socket.end(
    [
      `HTTP/1.1 ${status}`,
      'Content-Type: application/json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
      ...(status.startsWith('401') ? ['WWW-Authenticate: Basic realm="OpenFaaS"'] : []),
      '',
      body,
    ].join('\r\n')
  )
}
