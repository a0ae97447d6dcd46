import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Takes over a connection whose request asks to speak another protocol on it.
 * @param head what came after the request already
 * @returns false when it has not: the request is answered like any other then
 */
export type OnUpgrade = (request: IncomingMessage, socket: Socket, head: Buffer) => boolean

/**
 * Asks about every request that wants an upgrade. One that is not granted is an ordinary request: a server may ignore
 * `Upgrade` (RFC 9110, 7.8). Node decides otherwise as soon as anybody listens: it hands the bare connection over, without
 * reading the body. So the request is put back, without that header, and read anew.
 *
 * @returns the connections that speak something else by now: the server waits for them, and does not close them
 */
export function takeUpgrades(server: Server, onUpgrade: OnUpgrade): ReadonlySet<Socket> {
  const upgraded = new Set<Socket>()
  server.on('upgrade', (request, stream, head) => {
    const socket = stream as Socket
    // Behind a request whose answer is still to come, neither this answer nor another protocol has its turn.
    if ('_httpMessage' in socket && socket._httpMessage) {
      socket.destroy()
      return
    }
    if (onUpgrade(request, socket, head)) {
      upgraded.add(socket)
      socket.once('close', () => upgraded.delete(socket))
      return
    }
    if (head.length > 0) socket.unshift(head)
    socket.unshift(Buffer.from(headOf(request), 'latin1'))
    server.emit('connection', socket)
  })
  return upgraded
}

/** The request as it came, but for `Upgrade`. */
function headOf({ method, url, httpVersion, rawHeaders }: IncomingMessage): string {
  let head = `${method} ${url} HTTP/${httpVersion}\r\n`
  for (let i = 0; i < rawHeaders.length; i += 2)
    if (rawHeaders[i]!.toLowerCase() !== 'upgrade') head += `${rawHeaders[i]}: ${rawHeaders[i + 1]}\r\n`
  return `${head}\r\n`
}
