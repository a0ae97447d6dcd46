import { Gauge, type Registry } from 'prom-client'
import type { Spool } from '../../lib/spool/index.ts'
import type { Delivery } from '../connector/index.ts'

/** How full the spool's queues are, one for each function. */
export function spoolMetrics(prefix: string, registry: Registry, spool: Spool<Delivery>): void {
  const gauge = (name: string, help: string, read: (queue: string) => number | undefined) =>
    new Gauge({
      name: `${prefix}spool_${name}`,
      help,
      labelNames: ['queue'],
      registers: [registry],
      collect() {
        this.reset()
        for (const queue of spool.queues()) {
          const value = read(queue)
          if (value !== undefined) this.set({ queue }, value)
        }
      },
    })

  gauge('queued', 'Events to be done, those in flight included.', (queue) => spool.depth(queue).queued)
  gauge('in_flight', 'Events that a function is at.', (queue) => spool.depth(queue).inFlight)
  gauge('dead_letters', 'Events that a function will never take.', (queue) => spool.depth(queue).dead)
  gauge('corrupt', 'Records that could not be read any more.', (queue) => spool.depth(queue).corrupt)
  gauge('bytes', 'What all of these take on disk.', (queue) => spool.depth(queue).bytes)
  gauge(
    'dropped',
    'Messages that had to go to make room, or had waited too long.',
    (queue) => spool.depth(queue).dropped
  )
  new Gauge({
    name: `${prefix}spool_max_bytes`,
    help: 'What all queues may take on disk together.',
    registers: [registry],
    collect() {
      this.set(spool.room().maxBytes)
    },
  })
  gauge('parked', 'Whether nobody works on the queue.', (queue) => (spool.depth(queue).parked ? 1 : 0))
  gauge('oldest_seconds', 'How long the oldest event has been waiting, by the clock.', (queue) => {
    const [oldest] = spool.list(queue, { limit: 1 })
    return oldest && Math.max(0, (Date.now() - oldest.enqueuedAt) / 1000)
  })
}
