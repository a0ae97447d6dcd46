import { Gauge, type Registry } from 'prom-client'
import { asEdgeloopError } from '../../lib/errors/index.ts'
import type { Provider } from '../provider.ts'

/** How many pods or nodes run each function, looked up when somebody asks. */
export function replicaMetrics(registry: Registry, provider: Provider): void {
  new Gauge({
    name: 'gateway_service_count',
    help: 'Current count of replicas for function.',
    labelNames: ['function_name'],
    registers: [registry],
    async collect() {
      try {
        const namespaces = (await provider.namespaces.list()).map(({ name }) => name)
        const lists = await Promise.all(namespaces.map((name) => provider.list(name)))
        this.reset()
        for (const [index, functions] of lists.entries())
          for (const { name, replicas } of functions)
            this.set({ function_name: `${name}.${namespaces[index]}` }, replicas)
      } catch (error) {
        // What was known before is better than no metrics at all.
        console.error('metrics:', asEdgeloopError(error).message)
      }
    },
  })
}
