import { EdgeloopError } from '../../lib/errors/index.ts'
import { secondsOf } from '../../lib/stack/index.ts'
import { type FunctionOptions, faasCliFor, functionCommand, gatewayOf, here } from './options.ts'

interface LogOptions extends FunctionOptions {
  follow?: boolean
  lines?: string
  since?: string
  instance?: string
}

export const logsCommand = functionCommand('logs', 'what a function has written')
  .argument('<NAME>', 'the function')
  .option('--follow', 'go on with what it writes from now on')
  .option('--lines <N>', 'only so many lines of each instance')
  .option('--since <DURATION>', 'only those of the last 10m, say')
  .option('--instance <NAME>', 'only of this one')
  .action(async (name: string, options: LogOptions) => {
    const client = gatewayOf(options)
    const faasCli = await faasCliFor(options)
    const { follow = false, lines, since, instance, namespace } = options
    if (since !== undefined && secondsOf(since) === undefined)
      throw new EdgeloopError('INVALID_INPUT', `"${since}" is no duration`, {
        where: '--since',
        hint: 'write it as 10m',
      })
    if (faasCli) {
      const given = Object.entries({ lines, since, instance, namespace, gateway: client.url })
      const flags = given.flatMap(([flag, value]) => (value === undefined ? [] : [`--${flag}`, value]))
      return faasCli.run(['logs', name, `--tail=${follow}`, ...flags], here())
    }
    const from =
      since === undefined ? undefined : new Date(Date.now() - secondsOf(since)! * 1000).toISOString()
    const query = { name, follow: String(follow), tail: lines, since: from, instance, namespace }
    const asked = Object.entries(query).filter((pair): pair is [string, string] => pair[1] !== undefined)
    for await (const { timestamp, instance: from, text } of client.logs(Object.fromEntries(asked)))
      process.stdout.write(`${timestamp} ${from} ${text}\n`)
  })
