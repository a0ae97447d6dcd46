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
    const edge = /^\/system\/places\/([^/?]+)\/relay$/.exec(request.url ?? '')?.[1]
    const protocols = (request.headers.upgrade ?? '').split(',').map((one) => one.trim().toLowerCase())
    if (!protocols.includes(RELAY_PROTOCOL) || request.method !== 'GET')
      return refuse(socket, '501 Not Implemented', `only ${RELAY_PROTOCOL} can be upgraded to`)
    if (!eventData.name.safeParse(edge).success)
      return refuse(socket, '404 Not Found', 'an edge asks for /system/places/EDGE/relay')
    if (!allows(request.headers.authorization))
      return refuse(socket, '401 Unauthorized', "the edge's token is missing or wrong")
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${RELAY_PROTOCOL}\r\n\r\n`
    )
    socket.setNoDelay(true)
    if (head.length > 0) socket.unshift(head)
    relays.accept(edge!, socket)
  }
}

function refuse(socket: Socket, status: string, error: string): void {
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
