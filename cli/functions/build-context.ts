import { cp, mkdir, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { EdgeloopError } from '../../lib/errors/index.ts'
import type { Stack, StackFunction } from '../../lib/stack/index.ts'

/**
 * Puts together what a function's image is built from, as faas-cli does: the template, the handler as `function/`, and there
 * what `configuration.copy` names.
 *
 * @returns the folder
 * @throws EdgeloopError NOT_FOUND naming what is missing; INVALID_INPUT for what is outside of the stack's folder
 */
export async function buildContext(
  directory: string,
  stack: Stack,
  name: string,
  { lang, handler }: StackFunction
): Promise<string> {
  if (!lang || !handler)
    throw new EdgeloopError(
      'INVALID_INPUT',
      `${name} says neither lang nor handler: there is nothing to build`,
      {
        where: `functions.${name}`,
        hint: 'name both, or say skip_build: true',
      }
    )
  const target = path.join(directory, 'build', name)
  await rm(target, { recursive: true, force: true })
  await mkdir(target, { recursive: true })
  await copy(path.join(directory, 'template', lang), target, `there is no template "${lang}"`)
  const folder = path.join(target, 'function')
  await rm(folder, { recursive: true, force: true })
  await copy(path.resolve(directory, handler), folder, `${name} has no handler there`)
  for (const extra of stack.configuration?.copy ?? []) {
    const from = path.resolve(directory, extra)
    const inside = path.relative(directory, from)
    if (inside === '' || inside.startsWith('..') || path.isAbsolute(inside))
      throw new EdgeloopError('INVALID_INPUT', `"${extra}" is not below the stack's folder`, {
        where: 'configuration.copy',
      })
    await copy(from, path.join(folder, inside), 'what is to be copied is not there')
  }
  return target
}

async function copy(from: string, to: string, missing: string): Promise<void> {
  if (!(await stat(from).catch(() => undefined)))
    throw new EdgeloopError('NOT_FOUND', missing, { where: from })
  // What a link names is what is meant: `template` may be one.
  const filter = (source: string) => path.basename(source) !== 'node_modules'
  await cp(from, to, { recursive: true, dereference: true, filter })
}
