import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { parse, YAMLParseError } from 'yaml'
import { EdgeloopError } from '../errors/index.ts'
import { type Deployment, type Stack, stackFile } from './schema.ts'
import { substitute } from './substitute.ts'

/**
 * Reads a stack.yml.
 *
 * @param variables what `${NAME}` stands for, usually `process.env`
 * @throws EdgeloopError INVALID_INPUT with the line or field that is wrong
 */
export async function readStack(
  file: string,
  variables: Readonly<Record<string, string | undefined>>
): Promise<Stack> {
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new EdgeloopError('NOT_FOUND', `cannot read the stack: ${cause.code}`, { where: file, cause })
  })
  const parsed = stackFile.safeParse(parseYaml(substitute(text, variables), file))
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
