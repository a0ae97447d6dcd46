import { Gauge, type Registry } from 'prom-client'
import type { CallQueue } from './call-queue.ts'

/** What waits, looked up when somebody asks. */
export function asyncMetrics(registry: Registry, { calls, callbacks, bodies }: CallQueue): void {
  const ofFunctions = (name: string, help: string, count: (queue: string) => number) =>
    new Gauge({
      name,
      help,
      labelNames: ['function_name'],
      registers: [registry],
      collect() {
        for (const queue of calls.queues()) this.set({ function_name: queue }, count(queue))
      },
    })
  ofFunctions(
    'gateway_async_queued',
    'Asynchronous calls that are not over, those under way included.',
    (queue) => calls.depth(queue).queued
  )
  ofFunctions(
    'gateway_async_dead_letters',
    'Asynchronous calls, and answers to them, that are tried no more.',
    (queue) => calls.depth(queue).dead + callbacks.depth(queue).dead
  )
  new Gauge({
    name: 'gateway_async_bytes',
    help: 'What the bodies of all of them take on disk.',
    registers: [registry],
    collect() {
      this.set(bodies.bytes())
    },
  })
}
