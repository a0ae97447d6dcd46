import path from 'node:path'
import { Command } from 'commander'
import { EdgeloopError } from '../../lib/errors/index.ts'
import { readStack, type Stack } from '../../lib/stack/index.ts'
import { findFaasCli } from './faas-cli.ts'
import { type GatewayClient, gatewayClient } from './gateway-client.ts'
import { selected } from './selection.ts'
import { isTagFormat, tagged } from './tag.ts'

/** What every command for functions takes, under the names of faas-cli. */
export interface FunctionOptions {
  yaml: string
  gateway?: string
  namespace?: string
  filter?: string
  regex?: string
  tag?: string
  /** `--no-faas-cli`: even where there is one. */
  faasCli: boolean
}

const DEFAULT_GATEWAY = 'http://127.0.0.1:8080'

export function functionCommand(usage: string, description: string): Command {
  return new Command(usage)
    .description(description)
    .option('-f, --yaml <FILE>', 'the stack', 'stack.yml')
    .option('-g, --gateway <URL>', 'instead of $OPENFAAS_URL and what the stack says')
    .option('-n, --namespace <NAME>', 'where functions are that name no namespace')
    .option('--no-faas-cli', 'do without faas-cli, also where there is one')
}

/** A command for several functions of a stack. */
export function stackCommand(usage: string, description: string): Command {
  return functionCommand(usage, description)
    .option('--filter <WILDCARD>', 'only functions with such a name, as photo-*')
    .option('--regex <REGEX>', 'only functions whose name matches')
    .option('--tag <FORMAT>', 'tag images with latest, sha, branch or describe of the git repository')
}

/** Where the user stands: npm runs its scripts in the package's folder. */
export const here = (): string => process.env.INIT_CWD ?? process.cwd()

/** The functions of the stack that are asked for, with their images as `--tag` wants them. */
export async function stackOf(
  options: FunctionOptions
): Promise<{ stack: Stack; directory: string; file: string }> {
  const file = path.resolve(here(), options.yaml)
  const directory = path.dirname(file)
  const { tag = 'latest' } = options
  if (!isTagFormat(tag))
    throw new EdgeloopError('INVALID_INPUT', `"${tag}" is no format for tags`, {
      where: '--tag',
      hint: 'ask for latest, sha, branch or describe',
    })
  const stack = selected(await readStack(file, process.env), options)
  return { stack: await tagged(stack, tag, directory), directory, file }
}

/** The gateway that is meant, as faas-cli takes it: as asked, as the stack says, by `$OPENFAAS_URL`, or the one here. */
export function gatewayOf(options: FunctionOptions, stack?: Stack): GatewayClient {
  const named = stack?.provider.gateway
  const ofStack = named === DEFAULT_GATEWAY ? undefined : named
  return gatewayClient(options.gateway ?? ofStack ?? process.env.OPENFAAS_URL ?? DEFAULT_GATEWAY)
}

/** The program to use, if any: `--no-faas-cli` does without. */
export const faasCliFor = ({ faasCli }: FunctionOptions) => (faasCli ? findFaasCli() : undefined)

/** What goes on to faas-cli of the options that both know. */
export function passedOn(options: FunctionOptions, file: string, gateway?: string): string[] {
  const { namespace, filter, regex, tag } = options
  const given = { yaml: file, gateway, namespace, filter, regex, tag }
  return Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value]))
}
