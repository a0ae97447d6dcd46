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

/**
 * Takes edges' connections: those on which a web server is asked for a relay. Whatever else it is asked for is not for this
 * door, which then says false and leaves the connection as it was.
 */
export function createRelayDoor({ relays, allows }: RelayDoorOptions) {
  return (request: IncomingMessage, socket: Socket, head: Buffer): boolean => {
    if (!isForRelays(request)) return false
    // Whatever happens to it from now on, nobody is to fall over it.
    socket.on('error', () => {})
    const edge = edgeOf(request)
    const isEdge = eventData.edgeName.safeParse(edge).success
    if (!isEdge || !allows(request.headers.authorization)) {
      refuse(socket, isEdge ? NOT_ALLOWED : NO_EDGE)
      return true
    }
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${RELAY_PROTOCOL}\r\n\r\n`
    )
    socket.setNoDelay(true)
    if (head.length > 0) socket.unshift(head)
    relays.accept(edge!, socket)
    return true
  }
}

interface Refusal {
  status: string
  error: string
}

const NOT_ALLOWED: Refusal = { status: '401 Unauthorized', error: "the edge's token is missing or wrong" }
const NO_EDGE: Refusal = { status: '404 Not Found', error: 'an edge asks for /system/places/EDGE/relay' }

/** How long one that was refused has to hang up, in milliseconds. */
const LINGER_MS = 1000

function isForRelays({ method, url = '', headers }: IncomingMessage): boolean {
  const protocols = (headers.upgrade ?? '').split(',').map((one) => one.trim().toLowerCase())
  return method === 'GET' && protocols.includes(RELAY_PROTOCOL) && url.startsWith('/system/places/')
}

const edgeOf = ({ url = '' }: IncomingMessage) => /^\/system\/places\/([^/?]+)\/relay$/.exec(url)?.[1]

/** Says why, and lets go of the connection: at once, its answer might not arrive. */
function refuse(socket: Socket, { status, error }: Refusal): void {
  const body = JSON.stringify({ error })
  socket.end(
    [
      `HTTP/1.1 ${status}`,
      'Content-Type: application/json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
      ...(status.startsWith('401') ? ['WWW-Authenticate: Basic realm="edgeloop"'] : []),
      '',
      body,
    ].join('\r\n')
  )
  // What is not read would break the connection before the answer is.
  socket.resume()
  const hangUp = setTimeout(() => socket.destroy(), LINGER_MS)
  socket.once('close', () => clearTimeout(hangUp))
}
