import type { Provider } from '../../gateway/index.ts'
import { asEdgeloopError, EdgeloopError } from '../../lib/errors/index.ts'
import { createAlarm } from '../../lib/waiting/index.ts'
import { type Connector, subscriberOf } from './connector.ts'

export interface FollowOptions {
  connector: Connector
  /** Says which functions run here. */
  provider: Pick<Provider, 'listAt'>
  /** How often it is asked, in milliseconds. */
  pollMs?: number
  /** Closes it as well: whoever stops while the functions are still unknown need not wait for them. */
  signal?: AbortSignal
}

export interface FollowedFunctions {
  /** Resolves once the connector knows its functions; rejects when this is closed before. */
  ready: Promise<void>
  close(): Promise<void>
}

/** The provider is in this process, and answers from memory. */
const POLL_MS = 250

/** Keeps a connector in step with the functions that run here. */
export function followFunctions(options: FollowOptions): FollowedFunctions {
  const { connector, provider, pollMs = POLL_MS, signal } = options
  const alarm = createAlarm()
  let closing = false
  let complaint = ''
  let isReady = () => {}
  let isClosed = (_reason: EdgeloopError) => {}
  const ready = new Promise<void>((resolve, reject) => {
    isReady = resolve
    isClosed = reject
  })
  // Whoever waits for it sees it.
  ready.catch(() => {})

  async function look(): Promise<void> {
    try {
      await connector.subscribe((await provider.listAt()).map(subscriberOf))
      complaint = ''
      isReady()
    } catch (thrown) {
      const { code, message } = asEdgeloopError(thrown)
      // Not to know them yet is ordinary where they are learnt from elsewhere.
      if (code !== 'UNAVAILABLE' && message !== complaint && !closing)
        console.error('function list:', message)
      complaint = message
    }
  }

  async function follow(): Promise<void> {
    while (!closing) {
      await look()
      if (!closing) await alarm.wait(pollMs)
    }
    isClosed(new EdgeloopError('UNAVAILABLE', 'stopped before it was known which functions run here'))
  }

  async function close(): Promise<void> {
    closing = true
    alarm.ring()
    await following
  }

  closing = signal?.aborted ?? false
  const following = follow()
  signal?.addEventListener('abort', close, { once: true })
  return { ready, close }
}
