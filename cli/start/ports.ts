import { createServer } from 'node:net'

/** Where people look first. */
const FAVOURITE = 8080

/**
 * The gateway's port when none was asked for: 8080 when it and the edges' ports above it are free; undefined, for any
 * free ones, when something is in the way.
 */
export async function favouritePort(host: string, edges: number): Promise<number | undefined> {
  const wanted = Array.from({ length: edges + 1 }, (_, i) => FAVOURITE + i)
  const free = await Promise.all(wanted.map((port) => isFree(host, port)))
  return free.every(Boolean) ? FAVOURITE : undefined
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, host, () => server.close(() => resolve(true)))
  })
}
