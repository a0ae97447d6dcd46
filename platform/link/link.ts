import { connect, createServer, type Socket } from 'node:net'

/** A piece of cable between an edge and one port of the cloud, which can be cut and plugged in again. */
export interface Link {
  /** Where the edge's end is. */
  port: number
  /** Ends every connection and refuses new ones. */
  cut(): void
  heal(): void
  close(): Promise<void>
}

/** Lays a link from a free port of 127.0.0.1 to another one, there or elsewhere. */
export async function createLink(targetPort: number, targetHost = '127.0.0.1'): Promise<Link> {
  const sockets = new Set<Socket>()
  let whole = true

  const server = createServer((near) => {
    if (!whole) {
      near.resetAndDestroy()
      return
    }
    const far = connect(targetPort, targetHost)
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
    }
    // Either end that breaks takes the other along; one that ends has said all, which the other still has to deliver.
    near.on('error', () => far.destroy()).on('close', () => far.destroySoon())
    far.on('error', () => near.destroy()).on('close', () => near.destroySoon())
    near.pipe(far).pipe(near)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  if (typeof address !== 'object' || !address) throw new TypeError('a TCP server has an address')

  const dropAll = () => {
    for (const socket of sockets) socket.resetAndDestroy()
  }
  return {
    port: address.port,
    cut() {
      whole = false
      dropAll()
    },
    heal() {
      whole = true
    },
    close: () =>
      new Promise((resolve) => {
        dropAll()
        server.close(() => resolve())
      }),
  }
}
