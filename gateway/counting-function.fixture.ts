import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'

/** A function that counts what it carries out. */
export interface CountingFunction {
  origin: string
  /** Bodies of what was carried out. */
  carriedOut: string[]
  /** Connections that were opened. */
  connections(): number
  /** Ends all connections without a word. */
  hangUp(): void
  close(): void
}

/**
 * A function that carries every request out, and answers the first one on each connection: over the others it dies when
 * they are done.
 */
export async function dyingFunction(): Promise<CountingFunction> {
  const heard = new WeakSet<Socket>()
  const carriedOut: string[] = []
  const server = createServer(async (incoming, outgoing) => {
    carriedOut.push(await bodyOf(incoming))
    const { socket } = incoming
    if (heard.has(socket)) socket.destroy()
    else outgoing.end('done')
    heard.add(socket)
  })
  return listen(server, carriedOut)
}

/** A function that answers, and closes connections whenever it likes. */
export async function forgetfulFunction(): Promise<CountingFunction> {
  const carriedOut: string[] = []
  const server = createServer(async (incoming, outgoing) => {
    carriedOut.push(await bodyOf(incoming))
    outgoing.end('done')
  })
  return listen(server, carriedOut)
}

/** A place where connections are refused. */
export async function refusingOrigin(): Promise<string> {
  const { origin, close } = await listen(createTcpServer(), [])
  close()
  return origin
}

async function listen(server: Server, carriedOut: string[]): Promise<CountingFunction> {
  const sockets: Socket[] = []
  server.on('connection', (socket) => sockets.push(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const hangUp = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    carriedOut,
    connections: () => sockets.length,
    hangUp,
    close() {
      hangUp()
      server.close()
    },
  }
}

async function bodyOf(incoming: IncomingMessage): Promise<string> {
  let text = ''
  for await (const piece of incoming) text += piece
  return text
}
