import type { IncomingMessage, ServerResponse } from 'node:http'
import { EdgeloopError } from '../../lib/errors/index.ts'
import { UNREPEATED_HINT } from '../../lib/forwarding/index.ts'
import type { AnswerReader, Connection, ConnectionPool, ResponseHead } from '../upstream/index.ts'
import type { Deadline, Stoppable } from './deadline.ts'
import type { Invocation } from './invocation.ts'
import { requestHead } from './request-head.ts'

export interface PassageOptions {
  invocation: Invocation
  incoming: IncomingMessage
  outgoing: ServerResponse
  connection: Connection
  /** Where the connection leads. */
  origin: string
  /** Gets the connection back when it can take another request. */
  pool: Pick<ConnectionPool, 'give'>
  deadline: Deadline
  /** What was read of the body by an earlier attempt, all of it; this one adds what it reads. */
  body: Buffer[]
  /** Whether the function may be asked twice. */
  repeatable: boolean
}

/** What came of it: it is over, or the connection had gone, most likely before the request, which may be sent again. */
export type Passed = 'over' | 'stale'

/**
 * A connection that has been used before and breaks so soon after the next request, without a word, was closed for being
 * idle while the request was on its way, in milliseconds. Most likely: only what may be repeated is sent again.
 */
const STALE_MS = 1000

/** How much of a body is kept for sending it again, in bytes; a larger one is lost with such a connection. */
const MAX_KEPT = 64 * 1024

/** How long a caller may go on sending what nobody reads any more, in milliseconds. */
const LINGER_MS = 1000

/** What the gateway says itself about an invocation. */
const OWN: ReadonlySet<string> = new Set(['x-call-id', 'x-duration-seconds', 'x-start-time'])

/**
 * Sends a request over a connection and the answer back, piece by piece, each side as fast as the other one takes it.
 * When the caller goes, so does the connection; when the function goes in the middle of its answer, so does the
 * caller's connection, because nothing else tells it that something is missing.
 *
 * @throws EdgeloopError BAD_GATEWAY when the function breaks off before it answers, or why the deadline stopped it;
 * nothing has been answered then
 */
export function passOn(options: PassageOptions): Promise<Passed> {
  return new Promise((resolve, reject) => new Passage(options, resolve, reject).start())
}

class Passage implements AnswerReader, Stoppable {
  readonly #options: PassageOptions
  readonly #resolve: (passed: Passed) => void
  readonly #reject: (error: EdgeloopError) => void
  /** What the deadline stops while no connection is used. */
  readonly #waiting: Stoppable
  readonly #chunked: boolean
  readonly #hasBody: boolean
  readonly #started = performance.now()
  /** The whole request has been sent. */
  #sent = false
  #kept = 0
  /** The head of the answer has been passed on. */
  #answering = false
  #flowing = false
  /** The caller has to take what it was sent before more is read. */
  #draining = false
  #over = false

  constructor(
    options: PassageOptions,
    resolve: (passed: Passed) => void,
    reject: (error: EdgeloopError) => void
  ) {
    const { headers } = options.incoming
    this.#options = options
    this.#resolve = resolve
    this.#reject = reject
    this.#waiting = options.deadline.running
    this.#chunked = headers['transfer-encoding'] !== undefined
    this.#hasBody = this.#chunked || (headers['content-length'] ?? '0') !== '0'
  }

  start(): void {
    const { invocation, incoming, outgoing, connection, origin, deadline } = this.#options
    const { socket } = connection
    deadline.running = this
    outgoing.on('close', () => this.#onCallerGone())
    connection.ask(incoming.method ?? 'GET', this)
    socket.cork()
    socket.write(requestHead(incoming, invocation, origin), 'latin1')
    if (this.#hasBody) this.#sendBody()
    else this.#sent = true
    socket.uncork()
  }

  #sendBody(): void {
    const { incoming, body } = this.#options
    if (body.length > 0) {
      for (const piece of body) this.#writePiece(piece)
      this.#onSent()
      return
    }
    // What has come with the head goes out with the head.
    const first: Buffer | null = incoming.read()
    if (first) this.#sendPiece(first)
    if (incoming.complete && incoming.readableLength === 0) this.#onSent()
    else incoming.on('data', (piece: Buffer) => this.#sendPiece(piece)).on('end', () => this.#onSent())
  }

  #sendPiece(piece: Buffer): void {
    // What comes when it is over is dropped.
    if (this.#over) return
    this.#kept += piece.length
    if (this.#kept <= MAX_KEPT) this.#options.body.push(piece)
    this.#writePiece(piece)
  }

  #writePiece(piece: Buffer): void {
    const { incoming, connection } = this.#options
    const { socket } = connection
    if (!this.#chunked) {
      if (!socket.write(piece)) incoming.pause()
      return
    }
    socket.cork()
    socket.write(`${piece.length.toString(16)}\r\n`, 'latin1')
    socket.write(piece)
    const takesMore = socket.write('\r\n', 'latin1')
    socket.uncork()
    if (!takesMore) incoming.pause()
  }

  #onSent(): void {
    if (this.#over) return
    this.#sent = true
    if (this.#chunked) this.#options.connection.socket.write('0\r\n\r\n', 'latin1')
  }

  onDrain(): void {
    this.#options.incoming.resume()
  }

  onHead(head: ResponseHead): void {
    const { invocation, outgoing } = this.#options
    outgoing.writeHead(head.status, head.reason, answerHeaders(head, invocation))
    this.#answering = true
    // With the first piece where it is there, and without where it has yet to come.
    process.nextTick(flush, this)
  }

  /** Lets the caller have the head of an answer whose body has yet to come. */
  flushHead(): void {
    if (!this.#flowing && !this.#over) this.#options.outgoing.flushHeaders()
  }

  onData(piece: Buffer): void {
    const { outgoing, connection } = this.#options
    this.#flowing = true
    // What was read together comes piece by piece, whether there is room or not.
    if (outgoing.write(piece) || this.#draining) return
    this.#draining = true
    connection.socket.pause()
    outgoing.once('drain', () => {
      this.#draining = false
      // It may carry another request by now.
      if (!this.#over) connection.socket.resume()
    })
  }

  onEnd(reusable: boolean): void {
    if (this.#over) return
    const { invocation, outgoing, connection, origin, pool } = this.#options
    this.#end()
    if (!this.#sent) connection.destroy()
    else if (reusable) pool.give(origin, connection)
    invocation.settle(outgoing.statusCode)
    outgoing.end()
    this.#resolve('over')
  }

  onBroken(why: Error): void {
    const { invocation, connection, repeatable } = this.#options
    const isStale = connection.reused && performance.now() - this.#started < STALE_MS
    const isWhole = this.#sent && this.#kept <= MAX_KEPT
    if (!this.#over && !this.#answering && isStale && isWhole && repeatable) {
      this.#end()
      this.#resolve('stale')
    } else this.#fail(brokeOff(invocation, why, repeatable))
  }

  #onCallerGone(): void {
    const { invocation, outgoing, connection } = this.#options
    if (this.#over || outgoing.writableFinished) return
    this.#end()
    connection.destroy()
    // nginx's code for it; nobody gets it.
    invocation.settle(499)
    this.#resolve('over')
  }

  stop(why: EdgeloopError): void {
    this.#fail(why)
  }

  /** It cannot go on: says so where that is possible, and breaks the caller's connection where it is not. */
  #fail(error: EdgeloopError): void {
    if (this.#over) return
    const { invocation, outgoing, connection } = this.#options
    this.#end()
    connection.destroy()
    if (!this.#answering) {
      this.#reject(error)
      return
    }
    invocation.settle(error.status)
    outgoing.destroy()
    this.#resolve('over')
  }

  #end(): void {
    const { incoming, connection, deadline } = this.#options
    this.#over = true
    deadline.running = this.#waiting
    connection.socket.resume()
    if (!this.#sent && !incoming.complete) linger(incoming)
  }
}

const flush = (passage: Passage) => passage.flushHead()

function answerHeaders(head: ResponseHead, invocation: Invocation): string[] {
  const headers: string[] = []
  for (let i = 0; i < head.headers.length; i += 2) {
    const name = head.headers[i]!
    if (!OWN.has(name.toLowerCase())) headers.push(name, head.headers[i + 1]!)
  }
  headers.push('X-Call-Id', invocation.callId, 'X-Start-Time', invocation.startTime)
  headers.push('X-Duration-Seconds', invocation.seconds.toFixed(6))
  return headers
}

/** Lets a caller that is still sending hear the answer, but not send for ever. */
function linger(incoming: IncomingMessage): void {
  incoming.resume()
  setTimeout(() => incoming.complete || incoming.socket.destroy(), LINGER_MS).unref()
}

function brokeOff({ target }: Invocation, cause: Error, repeatable: boolean): EdgeloopError {
  return new EdgeloopError('BAD_GATEWAY', `${target.name} did not answer: ${cause.message}`, {
    where: target.name,
    hint: repeatable ? `look at what it wrote: faas-cli logs ${target.name}` : UNREPEATED_HINT,
    cause,
  })
}
