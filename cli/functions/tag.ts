import { execa } from 'execa'
import { EdgeloopError } from '../../lib/errors/index.ts'
import type { Stack } from '../../lib/stack/index.ts'

const FORMATS = ['latest', 'sha', 'branch', 'describe'] as const
export type TagFormat = (typeof FORMATS)[number]

export const isTagFormat = (text: string): text is TagFormat => FORMATS.includes(text as TagFormat)

/** The stack with its images' tags as faas-cli makes them: what git says is added to the tag that is there. */
export async function tagged(stack: Stack, format: TagFormat, directory: string): Promise<Stack> {
  const suffix = await suffixOf(format, directory)
  const functions = Object.entries(stack.functions).map(([name, fn]) => [
    name,
    { ...fn, image: `${withTag(fn.image)}${suffix}` },
  ])
  return { ...stack, functions: Object.fromEntries(functions) }
}

const withTag = (image: string) => (image.split('/').at(-1)!.includes(':') ? image : `${image}:latest`)

async function suffixOf(format: TagFormat, directory: string): Promise<string> {
  const sha = () => git(directory, ['rev-parse', '--short', 'HEAD'])
  if (format === 'latest') return ''
  if (format === 'sha') return `-${await sha()}`
  if (format === 'branch')
    return `-${await git(directory, ['rev-parse', '--abbrev-ref', 'HEAD'])}-${await sha()}`
  return `-${await git(directory, ['describe', '--tags', '--always'])}`
}

async function git(cwd: string, args: string[]): Promise<string> {
  const { stdout, failed, stderr } = await execa('git', args, { cwd, reject: false })
  if (!failed) return stdout.trim()
  throw new EdgeloopError(
    'INVALID_INPUT',
    `git cannot tell what the tag should be: ${stderr || 'there is no git'}`,
    {
      where: '--tag',
      hint: 'do without --tag, or run it in a git repository with a commit',
    }
  )
}
