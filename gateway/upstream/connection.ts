import { connect, type Socket } from 'node:net'
import { EdgeloopError } from '../../lib/errors/index.ts'
import type { ResponseHead } from './response-head.ts'
import { createResponseParser, type ResponseReader } from './response-parser.ts'
import { unreadable } from './unreadable.ts'

/** Gets one answer, and what keeps it from being whole. */
export interface AnswerReader extends ResponseReader {
  /** The connection has gone, or what came over it cannot be read. Nothing follows. */
  onBroken(why: Error): void
  /** The connection takes more of the request. */
  onDrain(): void
}

/** A connection that carries one request at a time. */
export interface Connection {
  readonly socket: Socket
  /** Whether it has carried a request before. */
  readonly reused: boolean
  /** When it became idle, and for how long it may stay so, on the clock of `performance.now()`. */
  idleSince: number
  idleMs: number
  /** Whoever asks now; the request is written to the socket. */
  ask(method: string, reader: AnswerReader): void
  destroy(): void
}

/** How long a connection may lie idle where the other side does not say, in milliseconds: Node's servers close after 5 s. */
const IDLE_MS = 4000
/** By so much earlier than the other side a connection is given up, so that no request meets its end, in milliseconds. */
const MARGIN_MS = 1000

/** How long it may take to connect, in milliseconds. */
const CONNECT_MS = 3000

/** @throws what the socket says when there is nobody; EdgeloopError UNAVAILABLE after three seconds */
export async function openConnection(
  host: string,
  port: number,
  onIdleEnd: (connection: Connection) => void
): Promise<Connection> {
  const socket = connect({ host, port, noDelay: true, keepAlive: true })
  await new Promise<void>((resolve, reject) => {
    const late = setTimeout(
      () => socket.destroy(new EdgeloopError('UNAVAILABLE', 'it does not take a connection')),
      CONNECT_MS
    )
    const settle = (error?: Error) => {
      clearTimeout(late)
      socket.off('error', settle)
      socket.off('connect', settle)
      if (error) reject(error)
      else resolve()
    }
    socket.once('connect', settle)
    socket.once('error', settle)
  })
  return createConnection(socket, onIdleEnd)
}

function createConnection(socket: Socket, onIdleEnd: (connection: Connection) => void): Connection {
  const parser = createResponseParser()
  let reader: AnswerReader | undefined
  let reused = false

  function breakOff(why: Error): void {
    const broken = reader
    reader = undefined
    socket.destroy()
    if (broken) broken.onBroken(why)
    else onIdleEnd(connection)
  }

  // One reader for the life of the connection: nothing has to be made for each request.
  const through: ResponseReader = {
    onHead(head: ResponseHead) {
      if (head.idleMs !== undefined) connection.idleMs = Math.max(0, head.idleMs - MARGIN_MS)
      reader?.onHead(head)
    },
    onData: (piece) => reader?.onData(piece),
    onEnd(reusable) {
      const finished = reader
      reader = undefined
      if (!reusable) socket.destroy()
      finished?.onEnd(reusable)
    },
  }

  socket.on('data', (bytes: Buffer) => {
    try {
      parser.push(bytes)
    } catch (error) {
      breakOff(error as Error)
    }
  })
  socket.on('drain', () => reader?.onDrain())
  socket.on('end', () => {
    try {
      parser.end()
      breakOff(unreadable('it broke off'))
    } catch (error) {
      breakOff(error as Error)
    }
  })
  socket.on('error', (error) => breakOff(error))
  socket.on('close', () => breakOff(unreadable('it broke off')))

  const connection: Connection = {
    socket,
    get reused() {
      return reused
    },
    idleSince: 0,
    idleMs: IDLE_MS,
    ask(method, next) {
      reused = connection.idleSince > 0
      reader = next
      parser.expect(method, through)
    },
    destroy() {
      reader = undefined
      socket.destroy()
    },
  }
  return connection
}
