import { DEFAULT_NAMESPACE } from './provider.ts'

/**
 * Where a gateway has a function: `/function/NAME[.NAMESPACE][/PATH][?QUERY]`.
 * @param target what the function is to see, path and query
 */
export function functionPath(name: string, namespace: string | undefined, target: string): string {
  const full = namespace && namespace !== DEFAULT_NAMESPACE ? `${name}.${namespace}` : name
  return `/function/${full}${/^\/(?:$|\?)/.test(target) ? target.slice(1) : target}`
}
