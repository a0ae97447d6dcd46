import type { Provider } from '../provider.ts'

/** A provider that tells when a change was asked of it: those who follow it look at once. */
export function announcing(provider: Provider, tell: () => void): Provider {
  const after = async <T>(change: Promise<T>): Promise<T> => {
    const result = await change
    tell()
    return result
  }
  return {
    ...provider,
    deploy: (deployment) => after(provider.deploy(deployment)),
    remove: (name, namespace) => after(provider.remove(name, namespace)),
    switchAt: (edge, name, on) => after(provider.switchAt(edge, name, on)),
  }
}
