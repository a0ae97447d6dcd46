import type { V1ResourceRequirements } from '@kubernetes/client-node'
import { EdgeloopError } from '../../../lib/errors/index.ts'
import { readQuantity } from '../../../lib/quantity/index.ts'
import type { Deployment } from '../../../lib/stack/index.ts'
import type { ComposedProfile } from '../../placement/index.ts'

/** What a function gets that asks for nothing: it must not take a node's memory from the others. */
const DEFAULT_MEMORY = { requests: '64Mi', limits: '1Gi' }
/** CPU is shared by weight: a limit would only leave cores idle. */
const DEFAULT_CPU_REQUEST = '20m'
/** Less memory than this is a slip of the pen (`128m` is an eighth of a byte). */
const LEAST_MEMORY = 2 ** 20

/**
 * What a function's container may use, and what is set aside for it: what stack.yml says, else its profiles, else a
 * default.
 *
 * @throws EdgeloopError INVALID_INPUT naming the field that is no quantity, or a request above its limit
 */
export function resourcesOf(deployment: Deployment, { spec }: ComposedProfile): V1ResourceRequirements {
  const limits = { ...spec.resources?.limits, ...asked(deployment, 'limits') }
  const requests = { ...spec.resources?.requests, ...asked(deployment, 'requests') }
  check('limits', limits)
  check('requests', requests)
  const isFree = (name: string) => limits[name] === undefined && requests[name] === undefined
  if (isFree('cpu')) requests.cpu = DEFAULT_CPU_REQUEST
  if (isFree('memory')) {
    requests.memory = DEFAULT_MEMORY.requests
    limits.memory = DEFAULT_MEMORY.limits
  }
  // Who asks for more than the default limit and names none gets what was asked for.
  limits.memory ??= larger(requests.memory!, DEFAULT_MEMORY.limits)
  for (const [name, request] of Object.entries(requests)) {
    const limit = limits[name]
    if (limit === undefined || readQuantity(request)! <= readQuantity(limit)!) continue
    throw new EdgeloopError('INVALID_INPUT', `requests.${name} is ${request}, above its limit of ${limit}`, {
      where: `requests.${name}`,
      hint: 'ask for no more than the limit',
    })
  }
  return { limits, requests }
}

/** faas-cli sends an empty text for what stack.yml does not say. */
function asked(deployment: Deployment, kind: 'limits' | 'requests'): Record<string, string> {
  const { memory, cpu } = deployment[kind] ?? {}
  return { ...(memory && { memory }), ...(cpu && { cpu }) }
}

function check(kind: string, quantities: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(quantities)) {
    const where = `${kind}.${name}`
    const value = readQuantity(text)
    const hint = name === 'memory' ? 'write it as 128Mi, or 1Gi' : 'write it as 0.5, or 500m'
    if (value === undefined || value === 0)
      throw new EdgeloopError('INVALID_INPUT', `${where}: "${text}" is not a quantity`, { where, hint })
    if (name === 'memory' && value < LEAST_MEMORY)
      throw new EdgeloopError('INVALID_INPUT', `${where}: "${text}" is ${value} bytes`, { where, hint })
  }
}

function larger(a: string, b: string): string {
  return readQuantity(a)! > readQuantity(b)! ? a : b
}
