import { EdgeloopError } from '../../lib/errors/index.ts'
import { deploymentsOf } from '../../lib/stack/index.ts'
import { type FunctionOptions, faasCliFor, gatewayOf, passedOn, stackCommand, stackOf } from './options.ts'

export const removeCommand = stackCommand('remove', 'remove the functions of the stack').action(
  async (options: FunctionOptions) => {
    const { stack, directory, file } = await stackOf(options)
    const client = gatewayOf(options, stack)
    const faasCli = await faasCliFor(options)
    if (faasCli)
      return faasCli.run(['remove', ...passedOn({ ...options, tag: undefined }, file, client.url)], directory)
    const missing: string[] = []
    for (const { service, namespace = options.namespace } of deploymentsOf(stack)) {
      if (await client.remove(service, namespace)) process.stdout.write(`${service}: removed\n`)
      else missing.push(service)
    }
    if (missing.length > 0)
      throw new EdgeloopError('NOT_FOUND', `there is no function ${missing.join(', ')}`, {
        where: client.url,
      })
  }
)
