import { execa } from 'execa'
import { EdgeloopError } from '../../lib/errors/index.ts'

/** faas-cli, driven. */
export interface FaasCli {
  version: string
  /** Runs it where the user stands; what it prints goes out as it comes. @throws EdgeloopError when it fails */
  run(args: readonly string[], directory: string): Promise<void>
}

/** The first one that deploys by PUT, then by POST where that answers 404, as the gateway expects it. */
const OLDEST: readonly [number, number] = [0, 15]

/**
 * faas-cli on the PATH, or the one that FAAS_CLI names; undefined where there is none.
 * @throws EdgeloopError when it is too old, or FAAS_CLI names none
 */
export async function findFaasCli(): Promise<FaasCli | undefined> {
  const program = process.env.FAAS_CLI || 'faas-cli'
  const { stdout, failed } = await execa(program, ['version', '--short-version'], { reject: false })
  if (failed) {
    if (!process.env.FAAS_CLI) return undefined
    throw new EdgeloopError('NOT_FOUND', 'this is no faas-cli that runs', {
      where: `FAAS_CLI=${program}`,
      hint: 'correct FAAS_CLI, or unset it',
    })
  }
  const version = String(stdout).trim()
  // One that was built by hand names a commit.
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(version) ?? []
  if (major !== undefined && isOlder([Number(major), Number(minor)]))
    throw new EdgeloopError('UNAVAILABLE', `faas-cli ${version} is older than ${OLDEST.join('.')}`, {
      where: program,
      hint: 'update it, or do without: --no-faas-cli',
    })
  return { version, run: (args, directory) => run(program, args, directory) }
}

const isOlder = ([major, minor]: readonly [number, number]) =>
  major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])

async function run(program: string, args: readonly string[], cwd: string): Promise<void> {
  const { failed, exitCode, all, code } = await execa(program, args, {
    cwd,
    stdin: 'inherit',
    stdout: ['inherit', 'pipe'],
    stderr: ['inherit', 'pipe'],
    all: true,
    reject: false,
  })
  if (!failed) return
  const last = String(all ?? '').split('\n')
  throw new EdgeloopError('UNAVAILABLE', `faas-cli ${args[0]} failed (${exitCode ?? code})`, {
    where: `${program} ${args.join(' ')}`,
    hint: explained(last.join('\n')),
  })
}

/** What people most often have to do. */
function explained(text: string): string {
  if (/\b401\b|unauthorized|credentials/i.test(text)) return 'log in: edgeloop login, or faas-cli login'
  if (/connection refused|no such host|cannot connect to OpenFaaS/i.test(text))
    return 'the gateway does not answer: name another one with --gateway'
  if (/docker.*(not found|daemon)|executable file not found/i.test(text))
    return 'building needs docker with buildx, running'
  if (/template/i.test(text)) return 'faas-cli looks for templates in ./template beside the stack'
  return 'what it said stands above'
}
