import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { parse, YAMLParseError } from 'yaml'
import type { z } from 'zod'
import { EdgeloopError } from '../errors/index.ts'
import { type Deployment, environmentFile, type Stack, stackFile } from './schema.ts'
import { substitute } from './substitute.ts'

/**
 * Reads a stack.yml, with the files that its functions name as `environment_file`.
 *
 * @param variables what `${NAME}` stands for, usually `process.env`
 * @throws EdgeloopError INVALID_INPUT with the line or field that is wrong
 */
export async function readStack(
  file: string,
  variables: Readonly<Record<string, string | undefined>>
): Promise<Stack> {
  const stack = checked(stackFile, substitute(await readText(file), variables), file)
  for (const each of Object.values(stack.functions)) {
    for (const name of each.environment_file ?? []) {
      const beside = path.resolve(path.dirname(file), name)
      const { environment } = checked(environmentFile, await readText(beside), beside)
      // As in faas-cli, a file goes before the function's own lines, and the later of two files before the earlier.
      each.environment = { ...each.environment, ...environment }
    }
  }
  return stack
}

async function readText(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new EdgeloopError('NOT_FOUND', `cannot read the file: ${cause.code}`, { where: file, cause })
  })
}

function checked<S extends z.ZodType>(schema: S, text: string, file: string): z.infer<S> {
  const parsed = schema.safeParse(parseYaml(text, file))
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]!
  throw new EdgeloopError('INVALID_INPUT', `${issue.path.join('.')}: ${issue.message}`, { where: file })
}

function parseYaml(text: string, file: string): unknown {
  try {
    return parse(text)
  } catch (cause) {
    const line = cause instanceof YAMLParseError ? cause.linePos?.[0].line : undefined
    const where = line === undefined ? file : `${file}:${line}`
    throw new EdgeloopError('INVALID_INPUT', `not YAML: ${(cause as Error).message}`, { where, cause })
  }
}

/** What deploying the stack's functions sends to a gateway. */
export function deploymentsOf(stack: Stack): Deployment[] {
  return Object.entries(stack.functions).map(([service, fn]) => ({
    service,
    image: fn.image,
    namespace: fn.namespace,
    envProcess: fn.fprocess,
    envVars: fn.environment,
    constraints: fn.constraints,
    secrets: fn.secrets,
    labels: fn.labels,
    annotations: fn.annotations,
    limits: fn.limits,
    requests: fn.requests,
    readOnlyRootFilesystem: fn.readonly_root_filesystem,
  }))
}

/** Where the handlers of a stack's functions are, by function. */
export function handlersOf(stack: Stack, stackDirectory: string): Map<string, string> {
  const handlers = Object.entries(stack.functions).flatMap(([service, fn]) =>
    fn.handler ? [[service, path.resolve(stackDirectory, fn.handler, 'handler.ts')] as const] : []
  )
  return new Map(handlers)
}
