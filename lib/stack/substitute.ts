import { EdgeloopError } from '../errors/index.ts'

/**
 * Replaces `${NAME}` and `${NAME:-default}` as faas-cli does; `$$` stands for a dollar sign.
 *
 * @throws EdgeloopError INVALID_INPUT naming a variable that has neither a value nor a default
 */
export function substitute(text: string, variables: Readonly<Record<string, string | undefined>>): string {
  return text.replace(
    /\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g,
    (match, name: string, fallback?: string) => {
      if (match === '$$') return '$'
      const value = variables[name] || fallback
      if (value !== undefined) return value
      throw new EdgeloopError('INVALID_INPUT', `the variable ${name} is not set and has no default`, {
        where: match,
        hint: `set ${name}, or write \${${name}:-default}`,
      })
    }
  )
}
