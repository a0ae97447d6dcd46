import type { IncomingMessage, ServerResponse } from 'node:http'
import { asEdgeloopError, EdgeloopError } from '../../lib/errors/index.ts'
import { isRepeatable } from '../../lib/forwarding/index.ts'
import type { Provider } from '../provider.ts'
import { refuse } from '../refusals/index.ts'
import type { Connection, ConnectionPool, Wanted } from '../upstream/index.ts'
import { Deadline, type Stoppable } from './deadline.ts'
import type { Invocation } from './invocation.ts'
import { type Passed, passOn } from './passage.ts'

export interface DirectOptions {
  provider: Pick<Provider, 'origin'>
  pool: ConnectionPool
  /** How long an invocation may take, in milliseconds. */
  timeoutMs: number
}

/** So often a connection may be refused before the caller is told. */
const MAX_ATTEMPTS = 4

/**
 * Answers a request over a connection to the function itself.
 *
 * @returns false when the provider has to do it; nothing has been taken from the request then
 */
export function answerDirectly(
  options: DirectOptions,
  invocation: Invocation,
  incoming: IncomingMessage,
  outgoing: ServerResponse
): Promise<boolean> {
  return new DirectAnswer(options, invocation, incoming, outgoing).give()
}

class DirectAnswer implements Stoppable {
  readonly #options: DirectOptions
  readonly #incoming: IncomingMessage
  readonly #outgoing: ServerResponse
  readonly #invocation: Invocation
  readonly #deadline: Deadline
  readonly #body: Buffer[] = []
  readonly #repeatable: boolean
  #stopped = false

  constructor(
    options: DirectOptions,
    invocation: Invocation,
    incoming: IncomingMessage,
    outgoing: ServerResponse
  ) {
    this.#options = options
    this.#incoming = incoming
    this.#outgoing = outgoing
    this.#repeatable = isRepeatable(incoming.method ?? '', (name) => incoming.headers[name] !== undefined)
    this.#invocation = invocation
    this.#deadline = new Deadline(invocation.target, options.timeoutMs, this)
  }

  async give(): Promise<boolean> {
    try {
      const origin = await this.#place()
      if (origin === undefined) return false
      await this.#carry(origin)
    } catch (thrown) {
      // Nobody hears what is said to a caller that has gone.
      if (this.#outgoing.destroyed) this.#invocation.settle(499)
      else this.stop(thrown)
    } finally {
      this.#deadline.clear()
    }
    return true
  }

  /** A function may have to be started first, for which nobody waits longer than for the answer. */
  #place(avoid?: ReadonlySet<string>): Promise<string | undefined> {
    const { name, namespace } = this.#invocation.target
    return this.#options.provider.origin(name, namespace, avoid, this.#leaving)
  }

  /** Made only for those that wait: most do not. */
  readonly #leaving = (): AbortSignal => {
    const leaving = new AbortController()
    if (this.#outgoing.closed) leaving.abort()
    else this.#outgoing.once('close', () => leaving.abort())
    return leaving.signal
  }

  stop(thrown: unknown): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#invocation.settle(asEdgeloopError(thrown).status)
    refuse(this.#outgoing, thrown, { 'X-Call-Id': this.#invocation.callId })
  }

  /** Goes from place to place until one takes the connection. */
  async #carry(first: string): Promise<void> {
    const { pool } = this.#options
    const refused = new Set<string>()
    let attempts = 0
    let origin = first
    for (let wanted: Wanted = this.#repeatable ? 'any' : 'sure'; ; ) {
      const taken = pool.take(origin, wanted)
      const connection = taken instanceof Promise ? await taken.catch((error: Error) => error) : taken
      if (this.#deadline.over || this.#outgoing.destroyed) {
        this.#invocation.settle(499)
        if (!(connection instanceof Error)) connection.destroy()
        return
      }
      if (connection instanceof Error) {
        const again = ++attempts < MAX_ATTEMPTS
        origin = await this.#elsewhere(refused.add(origin), again, connection)
      } else if ((await this.#passOn(origin, connection)) === 'over') return
      // The other end of an idle connection had gone: the same place is asked again, and only once.
      else wanted = 'new'
    }
  }

  #passOn(origin: string, connection: Connection): Promise<Passed> {
    return passOn({
      invocation: this.#invocation,
      incoming: this.#incoming,
      outgoing: this.#outgoing,
      connection,
      origin,
      pool: this.#options.pool,
      body: this.#body,
      repeatable: this.#repeatable,
      deadline: this.#deadline,
    })
  }

  /** @throws EdgeloopError BAD_GATEWAY when there is no other place */
  async #elsewhere(refused: ReadonlySet<string>, again: boolean, cause: Error): Promise<string> {
    const { name } = this.#invocation.target
    const next = again && (await this.#place(refused))
    if (next) return next
    throw new EdgeloopError('BAD_GATEWAY', `nobody answers for ${name}: ${cause.message}`, {
      where: name,
      hint: `look at how it is doing: faas-cli describe ${name}`,
      cause,
    })
  }
}
