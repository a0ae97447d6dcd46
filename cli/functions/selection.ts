import { EdgeloopError } from '../../lib/errors/index.ts'
import type { Stack } from '../../lib/stack/index.ts'

export interface Selection {
  /** A wildcard: `*` stands for anything. */
  filter?: string
  /** A regular expression. */
  regex?: string
}

/**
 * The stack with the functions that are asked for, as faas-cli chooses them.
 * @throws EdgeloopError INVALID_INPUT when both are given or the expression cannot be read; NOT_FOUND when none is left
 */
export function selected(stack: Stack, { filter, regex }: Selection): Stack {
  if (filter !== undefined && regex !== undefined)
    throw new EdgeloopError(
      'INVALID_INPUT',
      'either a wildcard or a regular expression says which functions',
      {
        where: '--filter, --regex',
        hint: 'give one of them',
      }
    )
  const expression = filter === undefined ? read(regex ?? '') : wildcard(filter)
  const functions = Object.entries(stack.functions).filter(([name]) => expression.test(name))
  if (functions.length === 0)
    throw new EdgeloopError('NOT_FOUND', `no function is called like ${filter ?? regex}`, {
      where: filter === undefined ? '--regex' : '--filter',
      hint: `there are: ${Object.keys(stack.functions).join(', ') || 'none'}`,
    })
  return { ...stack, functions: Object.fromEntries(functions) }
}

function wildcard(text: string): RegExp {
  const parts = text.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`))
  return new RegExp(`^${parts.join('.*')}$`)
}

function read(text: string): RegExp {
  try {
    return new RegExp(text)
  } catch (cause) {
    throw new EdgeloopError('INVALID_INPUT', `"${text}" is no regular expression`, {
      where: '--regex',
      cause,
    })
  }
}
