import { type Connection, openConnection } from './connection.ts'

/** Connections to functions that are kept for the next request. */
export interface ConnectionPool {
  /**
   * One that is idle, or else a new one.
   * @param fresh only a new one
   * @throws Error when nobody is there
   */
  take(origin: string, fresh: boolean): Connection | Promise<Connection>
  /** Puts a connection back that can take another request. */
  give(origin: string, connection: Connection): void
  close(): void
}

/** More than so many idle ones to one place are closed. */
const MAX_IDLE = 256
/** How often idle connections are looked through, in milliseconds. */
const LOOK_MS = 500

export function createConnectionPool(): ConnectionPool {
  /** The one that was used last is used first, so that the others can go. */
  const idle = new Map<string, Connection[]>()

  function forget(origin: string, gone: Connection): void {
    const rest = idle.get(origin)?.filter((connection) => connection !== gone) ?? []
    if (rest.length > 0) idle.set(origin, rest)
    else idle.delete(origin)
  }

  const isFresh = ({ idleSince, idleMs, socket }: Connection, now: number) =>
    !socket.destroyed && now - idleSince < idleMs

  const looking = setInterval(() => {
    const now = performance.now()
    for (const [origin, connections] of idle) {
      for (const connection of connections) if (!isFresh(connection, now)) connection.destroy()
      const fresh = connections.filter((connection) => isFresh(connection, now))
      if (fresh.length > 0) idle.set(origin, fresh)
      else idle.delete(origin)
    }
  }, LOOK_MS)
  looking.unref()

  return {
    take(origin, fresh) {
      const connections = fresh ? undefined : idle.get(origin)
      for (let found = connections?.pop(); found; found = connections?.pop()) {
        if (isFresh(found, performance.now())) {
          found.socket.ref()
          return found
        }
        found.destroy()
      }
      const { hostname, port } = new URL(origin)
      return openConnection(hostname.replace(/^\[|\]$/g, ''), Number(port || 80), (connection) =>
        forget(origin, connection)
      )
    },
    give(origin, connection) {
      const connections = idle.get(origin)
      if (connections && connections.length >= MAX_IDLE) {
        connection.destroy()
        return
      }
      connection.idleSince = performance.now()
      // An idle connection keeps no process alive.
      connection.socket.unref()
      if (connections) connections.push(connection)
      else idle.set(origin, [connection])
    },
    close() {
      clearInterval(looking)
      for (const connections of idle.values()) for (const connection of connections) connection.destroy()
      idle.clear()
    },
  }
}
