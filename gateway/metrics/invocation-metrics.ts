import { Counter, Histogram, type Registry } from 'prom-client'

/** A function, as labels name it. */
interface Named {
  name: string
  namespace: string
}

/** Counts invocations. */
export interface InvocationMetrics {
  started(target: Named): void
  /** @param seconds from the request to the end of the answer */
  ended(target: Named, code: number, seconds: number): void
}

export function createInvocationMetrics(registry: Registry): InvocationMetrics {
  const registers = [registry]
  const started = new Counter({
    name: 'gateway_function_invocation_started',
    help: 'The total number of function HTTP requests started.',
    labelNames: ['function_name'],
    registers,
  })
  const total = new Counter({
    name: 'gateway_function_invocation_total',
    help: 'Function invocations by status.',
    labelNames: ['function_name', 'code'],
    registers,
  })
  const duration = new Histogram({
    name: 'gateway_functions_seconds',
    help: 'Time that functions took.',
    labelNames: ['function_name', 'code'],
    registers,
  })
  const nameOf = ({ name, namespace }: Named) => `${name}.${namespace}`
  return {
    started: (target) => started.inc({ function_name: nameOf(target) }),
    ended(target, code, seconds) {
      const labels = { function_name: nameOf(target), code }
      total.inc(labels)
      duration.observe(labels, seconds)
    },
  }
}
