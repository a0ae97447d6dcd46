import type { V1ResourceRequirements } from '@kubernetes/client-node'
import { EdgeloopError } from '../../../lib/errors/index.ts'
import type { Deployment } from '../../../lib/stack/index.ts'
import type { ComposedProfile } from '../../placement/index.ts'

const FACTORS: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
}

/** What a function gets that asks for nothing: it must not take a node's memory from the others. */
const DEFAULT_MEMORY = { requests: '64Mi', limits: '1Gi' }
/** CPU is shared by weight: a limit would only leave cores idle. */
const DEFAULT_CPU_REQUEST = '20m'
/** Less memory than this is a slip of the pen (`128m` is an eighth of a byte). */
const LEAST_MEMORY = 2 ** 20

/**
 * Reads Kubernetes' quantities: `0.5`, `500m`, `128Mi`, `1e3`.
 * https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 *
 * @returns cores or bytes; undefined when it is none
 */
export function readQuantity(text: string): number | undefined {
  const match = /^(\d+\.?\d*|\.\d+)(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?\d{1,2}))?$/.exec(text)
  if (!match) return undefined
  const [, amount, unit = '', exponent = '0'] = match
  return Number(amount) * FACTORS[unit]! * 10 ** Number(exponent)
}

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
