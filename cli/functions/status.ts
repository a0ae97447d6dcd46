import { EdgeloopError } from '../../lib/errors/index.ts'
import type { Stack } from '../../lib/stack/index.ts'
import { table } from '../terminal/index.ts'
import type { FunctionStatus, GatewayClient } from './gateway-client.ts'
import { type FunctionOptions, gatewayOf, stackOf } from './options.ts'

/** How the functions of a gateway are doing: those of the stack, also where they are missing, or all of a namespace. */
export async function functionStatus(
  options: FunctionOptions,
  onlyStack: boolean
): Promise<{ gateway: string; functions: (FunctionStatus | { name: string; missing: true })[] }> {
  const stack = onlyStack ? (await stackOf(options)).stack : undefined
  const client = gatewayOf(options, stack)
  return { gateway: client.url, functions: await listed(client, stack, options.namespace) }
}

async function listed(client: GatewayClient, stack: Stack | undefined, namespace: string | undefined) {
  if (!stack) return client.list(namespace)
  const namespaces = new Set(Object.values(stack.functions).map((fn) => fn.namespace ?? namespace))
  const found = new Map<string, FunctionStatus>()
  for (const each of namespaces) for (const fn of await client.list(each)) found.set(`${fn.name} ${each}`, fn)
  return Object.entries(stack.functions).map(
    ([name, fn]) => found.get(`${name} ${fn.namespace ?? namespace}`) ?? { name, missing: true as const }
  )
}

export function functionStatusText({
  gateway,
  functions,
}: Awaited<ReturnType<typeof functionStatus>>): string {
  const rows = functions.map((fn) =>
    'missing' in fn
      ? [fn.name, 'not deployed', null, null, null]
      : [
          fn.name,
          fn.status ?? (fn.replicas === 0 ? 'asleep' : fn.availableReplicas === 0 ? 'not ready' : 'ready'),
          `${fn.availableReplicas} of ${fn.replicas}`,
          fn.invocationCount,
          fn.image,
        ]
  )
  return `Gateway  ${gateway}\n\n${table(['FUNCTION', 'STATUS', 'READY', 'INVOCATIONS', 'IMAGE'], rows)}`
}

/** Throws unless all that the stack names is there, for scripts. */
export function requireDeployed({ functions }: Awaited<ReturnType<typeof functionStatus>>): void {
  const missing = functions.flatMap((fn) => ('missing' in fn ? fn.name : []))
  if (missing.length > 0)
    throw new EdgeloopError('NOT_FOUND', `not deployed: ${missing.join(', ')}`, {
      hint: 'deploy it: edgeloop deploy',
    })
}
