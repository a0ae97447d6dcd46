import { asEdgeloopError } from '../../../lib/errors/index.ts'
import { DEFAULT_NAMESPACE, type Provider } from '../../provider.ts'
import type { ListedFunction, Reach } from '../placed/index.ts'

/** An edge's functions inside of its agent's process, run by a local provider. */
export function localReach(provider: Provider): Reach {
  const idOf = (name: string, namespace?: string) => `${namespace || DEFAULT_NAMESPACE}/${name}`
  let failed = new Set<string>()

  async function removeAllBut(wanted: ReadonlySet<string>, attempt: Attempt): Promise<void> {
    for (const { name: namespace } of await provider.namespaces.list())
      for (const { name } of await provider.list(namespace))
        if (!wanted.has(idOf(name, namespace))) await attempt(name, () => provider.remove(name, namespace))
  }

  async function deploy({ name, createdAt, port, disabled, ...asked }: ListedFunction): Promise<void> {
    const { namespace } = asked
    if (namespace && !(await provider.namespaces.get(namespace)))
      await provider.namespaces.create({ name: namespace, labels: {}, annotations: {} })
    await provider.deploy({ service: name, ...asked })
  }

  return {
    /** One function that cannot be placed or started here does not hold the others up. */
    async apply(functions) {
      const problems = new Map<string, string>()
      const attempt: Attempt = (name, work) =>
        work().catch((error: unknown) => problems.set(name, asEdgeloopError(error).message))
      const on = functions.filter(({ disabled }) => !disabled)
      await removeAllBut(new Set(on.map(({ name, namespace }) => idOf(name, namespace))), attempt)
      for (const fn of on) await attempt(idOf(fn.name, fn.namespace), () => deploy(fn))
      failed = new Set(problems.keys())
      return [...problems].map(([id, why]) => `${id.replace(`${DEFAULT_NAMESPACE}/`, '')}: ${why}`)
    },
    invoke: ({ name, namespace }, request) => provider.invoke(name, request, namespace),
    origin: async () => undefined,
    answers: ({ name, namespace }) => !failed.has(idOf(name, namespace)),
    close: () => provider.close(),
  }
}

type Attempt = (id: string, work: () => Promise<unknown>) => Promise<unknown>
