import type { IncomingMessage, ServerResponse } from 'node:http'
import { asEdgeloopError, EdgeloopError } from '../../lib/errors/index.ts'
import { isRepeatable } from '../../lib/forwarding/index.ts'
import type { InvocationMetrics } from '../metrics/index.ts'
import type { Provider } from '../provider.ts'
import { refuse } from '../refusals/index.ts'
import type { Connection, ConnectionPool, Wanted } from '../upstream/index.ts'
import { Deadline, type Stoppable } from './deadline.ts'
import { Invocation } from './invocation.ts'
import { type Passed, passOn } from './passage.ts'
import type { Openness } from './protection.ts'
import type { Target } from './target.ts'

export interface DirectOptions {
  provider: Pick<Provider, 'origin'>
  pool: ConnectionPool
  metrics: InvocationMetrics | undefined
  /** How long an invocation may take, in milliseconds. */
  timeoutMs: number
}

/** What a request asks for, once it has been let in. */
export interface Asked {
  target: Target
  callId: string
  openness: Openness
}

/** So often a connection may be refused before the caller is told. */
const MAX_ATTEMPTS = 4

/**
 * Answers a request over a connection to the function itself.
 *
 * @returns false when the provider has to do it; nothing has been taken from the request then
 * @throws what the provider throws when it is asked where the function is
 */
export async function answerDirectly(
  options: DirectOptions,
  asked: Asked,
  incoming: IncomingMessage,
  outgoing: ServerResponse
): Promise<boolean> {
  const { name, namespace } = asked.target
  const origin = await options.provider.origin(name, namespace)
  if (origin === undefined) return false
  await new DirectAnswer(options, asked, incoming, outgoing).from(origin)
  return true
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
    { target, callId, openness }: Asked,
    incoming: IncomingMessage,
    outgoing: ServerResponse
  ) {
    this.#options = options
    this.#incoming = incoming
    this.#outgoing = outgoing
    this.#repeatable = isRepeatable(incoming.method ?? '', (name) => incoming.headers[name] !== undefined)
    this.#invocation = new Invocation(target, callId, openness, options.metrics)
    this.#deadline = new Deadline(target, options.timeoutMs, this)
  }

  async from(origin: string): Promise<void> {
    try {
      await this.#carry(origin)
    } catch (thrown) {
      this.stop(thrown)
    } finally {
      this.#deadline.clear()
    }
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
    const { name, namespace } = this.#invocation.target
    const next = again && (await this.#options.provider.origin(name, namespace, refused))
    if (next) return next
    throw new EdgeloopError('BAD_GATEWAY', `nobody answers for ${name}: ${cause.message}`, {
      where: name,
      hint: `look at how it is doing: faas-cli describe ${name}`,
      cause,
    })
  }
}
