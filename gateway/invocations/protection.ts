import { traitsOf } from '../../lib/stack/index.ts'
import type { Provider } from '../provider.ts'
import type { Target } from './target.ts'

/** Who may invoke a function: everybody, or whoever has the gateway's credentials. Or there is none. */
export type Openness = 'open' | 'protected' | 'absent'

/** Which functions ask for the gateway's credentials, by their annotation. */
export interface Protection {
  look(target: Target): Openness | Promise<Openness>
  /** Forgets what was known, after a change. */
  forget(): void
}

/** For so long an answer of the provider holds when somebody else changes a function, in milliseconds. */
const FRESH_MS = 1000

export function createProtection(provider: Provider): Protection {
  const known = new Map<string, { openness: Openness; until: number }>()
  /** What was asked before a change may be known by it only afterwards. */
  let generation = 0

  async function ask({ name, namespace }: Target, key: string): Promise<Openness> {
    const asked = generation
    const found = await provider.get(name, namespace)
    if (!found) {
      // Whoever tries names must not fill the memory with them.
      known.delete(key)
      return 'absent'
    }
    const openness = traitsOf(found).auth === 'gateway' ? 'protected' : 'open'
    if (asked === generation) known.set(key, { openness, until: performance.now() + FRESH_MS })
    return openness
  }

  return {
    look(target) {
      const key = `${target.name}.${target.namespace}`
      const found = known.get(key)
      return found && found.until > performance.now() ? found.openness : ask(target, key)
    },
    forget() {
      generation++
      known.clear()
    },
  }
}
