import { EdgeloopError } from '../errors/index.ts'

/**
 * Replaces `${NAME}` and `${NAME:-default}` as faas-cli does; `$$` stands for a dollar sign. Lines that are comments
 * stay as they are: there faas-cli puts nothing for an unknown variable, which is no harm, and here it would be an
 * error.
 *
 * @throws EdgeloopError INVALID_INPUT naming a variable that has neither a value nor a default
 */
export function substitute(text: string, variables: Readonly<Record<string, string | undefined>>): string {
  return text.replace(
    /^[ \t]*#.*$|\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/gm,
    (match, name?: string, fallback?: string) => {
      if (match === '$$') return '$'
      if (name === undefined) return match
      const value = variables[name] || (fallback ?? variables[name])
      if (value !== undefined) return value
      throw new EdgeloopError('INVALID_INPUT', `the variable ${name} is not set and has no default`, {
        where: match,
        hint: `set ${name}, or write \${${name}:-default}`,
      })
    }
  )
}
