import { Agent } from 'node:http'

/**
 * How long a connection is kept that nobody uses: well below the shortest time that servers commonly wait, which is 2 s, so
 * that hardly a request meets its end, in milliseconds.
 */
const IDLE_MS = 1000

/** Connections to functions, of which the one that was used last is used first. */
export const createAgent = () =>
  new Agent({ keepAlive: true, noDelay: true, maxFreeSockets: 64, timeout: IDLE_MS })
