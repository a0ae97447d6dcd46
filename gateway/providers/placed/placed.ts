import { EdgeloopError } from '../../../lib/errors/index.ts'
import { DEFAULT_NAMESPACE, type PlacedFunction, type Provider } from '../../provider.ts'
import { followFunctionList, type ListedFunction } from './function-list.ts'
import type { Reach } from './reach.ts'

export interface PlacedProviderOptions {
  /** How it names itself in `/system/info`. */
  name: string
  /** The cloud's gateway. */
  gateway: string
  /** Whose functions: an edge's name, or `cloud`. */
  place: string
  /** The `Authorization` header that the gateway asks for, where it does. */
  authorization?: string
  /** Where the list is kept for when the gateway is out of reach. */
  directory: string
  /** How often the gateway is asked without a reason, in milliseconds. */
  pollMs?: number
  /** Closed with the provider. */
  reach: Reach
}

/** Everything is UNAVAILABLE until it knows its functions, which takes a list: kept from last time, or from the cloud. */
export interface PlacedProvider extends Provider {
  /** Asks the cloud's gateway at once: there is a reason. */
  look(): void
}

const keyOf = (name: string, namespace: string = DEFAULT_NAMESPACE) => `${namespace}/${name}`

/** The functions of one place. Everything but invoking them is done at the cloud's gateway. */
export function createPlacedProvider(options: PlacedProviderOptions): PlacedProvider {
  const { name, gateway, place, reach } = options
  const list = followFunctionList({ ...options, apply: (functions) => reach.apply(functions) })
  const invocations = new Map<string, number>()

  function statusOf(fn: ListedFunction): PlacedFunction {
    const replicas = fn.disabled ? 0 : 1
    return {
      ...fn,
      replicas,
      availableReplicas: reach.answers(fn) ? replicas : 0,
      invocationCount: invocations.get(keyOf(fn.name, fn.namespace || undefined)) ?? 0,
    }
  }

  function find(wanted: string, namespace: string | undefined): ListedFunction | undefined {
    const key = keyOf(wanted, namespace)
    return list.functions().find((fn) => keyOf(fn.name, fn.namespace || undefined) === key)
  }

  /** The function, counted as invoked. */
  function called(wanted: string, namespace: string | undefined): ListedFunction {
    const fn = find(wanted, namespace)
    if (!fn)
      throw new EdgeloopError('NOT_FOUND', `there is no function "${wanted}" at ${place}`, {
        where: wanted,
        hint: `there: ${
          list
            .functions()
            .map((one) => one.name)
            .join(', ') || 'none'
        }`,
      })
    if (fn.disabled)
      throw new EdgeloopError('UNAVAILABLE', `${wanted} is switched off at ${place}`, {
        where: wanted,
        hint: `switch it on at ${gateway}`,
      })
    const key = keyOf(wanted, namespace)
    invocations.set(key, (invocations.get(key) ?? 0) + 1)
    return fn
  }

  async function elsewhere(): Promise<never> {
    throw new EdgeloopError('MISDIRECTED', `${place} only invokes functions`, {
      hint: `ask the cloud's gateway, ${gateway}`,
    })
  }

  return {
    name,
    look: list.look,
    list: async (namespace = DEFAULT_NAMESPACE) =>
      list
        .functions()
        .filter((fn) => (fn.namespace || DEFAULT_NAMESPACE) === namespace)
        .map((fn) => {
          const { port: _port, disabled: _disabled, ...status } = statusOf(fn)
          return status
        }),
    listAt: async (wanted = place) => (wanted === place ? list.functions().map(statusOf) : elsewhere()),
    async get(wanted, namespace) {
      const fn = find(wanted, namespace)
      return fn && statusOf(fn)
    },
    invoke: async (wanted, request, namespace) => reach.invoke(called(wanted, namespace), request),
    origin: async (wanted, namespace, avoid = new Set(), leaving = undefined) =>
      reach.origin(called(wanted, namespace), avoid, leaving),
    plan: elsewhere,
    deploy: elsewhere,
    remove: elsewhere,
    scale: elsewhere,
    switchAt: elsewhere,
    secrets: { list: elsewhere, create: elsewhere, update: elsewhere, remove: elsewhere },
    namespaces: {
      list: elsewhere,
      get: elsewhere,
      create: elsewhere,
      update: elsewhere,
      remove: elsewhere,
    },
    logs: () => ({ [Symbol.asyncIterator]: () => ({ next: elsewhere }) }),
    async close() {
      await list.close()
      await reach.close()
    },
  }
}
