import { heard } from '../../lib/waiting/index.ts'
import { type Connection, openConnection } from './connection.ts'

/**
 * Which connection will do: any; one that most surely is still open at the other end, for a request that cannot be sent
 * again; or only a new one.
 */
export type Wanted = 'any' | 'sure' | 'new'

/** Connections to functions that are kept for the next request. */
export interface ConnectionPool {
  /**
   * One that is idle, or else a new one.
   * @throws Error when nobody is there
   */
  take(origin: string, wanted: Wanted): Connection | Promise<Connection>
  /** Puts a connection back that can take another request. */
  give(origin: string, connection: Connection): void
  close(): void
}

/** More than so many idle ones to one place are closed. */
const MAX_IDLE = 256
/**
 * Idle for longer than this, a connection is not sure to be open: well below the shortest time that servers commonly wait,
 * which is 2 s, in milliseconds.
 */
const SURE_MS = 1000
/** Idle for shorter than this, one that has outlived an answer before need not be listened to, in milliseconds. */
const AT_WORK_MS = 5
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

  /** The last one that was used and can be used now. */
  function idleOne(origin: string, longestMs: number): Connection | undefined {
    const connections = idle.get(origin) ?? []
    const now = performance.now()
    for (let last = connections.at(-1); last; last = connections.at(-1)) {
      const isUsable = isFresh(last, now)
      // It may do for somebody else.
      if (isUsable && now - last.idleSince >= longestMs) return undefined
      connections.pop()
      if (isUsable) {
        last.socket.ref()
        return last
      }
      last.destroy()
    }
    return undefined
  }

  const open = (origin: string) => {
    const { hostname, port } = new URL(origin)
    return openConnection(hostname.replace(/^\[|\]$/g, ''), Number(port || 80), (connection) =>
      forget(origin, connection)
    )
  }

  /** It may have been closed already, without this process having heard of it. */
  async function listenedTo(origin: string, first: Connection): Promise<Connection> {
    for (let found: Connection | undefined = first; found; found = idleOne(origin, SURE_MS)) {
      await heard()
      if (!found.socket.destroyed) return found
    }
    return open(origin)
  }

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
    take(origin, wanted) {
      if (wanted === 'new') return open(origin)
      const found = idleOne(origin, wanted === 'sure' ? SURE_MS : Number.POSITIVE_INFINITY)
      if (!found) return open(origin)
      const isAtWork = found.reused && performance.now() - found.idleSince < AT_WORK_MS
      return wanted === 'any' || isAtWork ? found : listenedTo(origin, found)
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
