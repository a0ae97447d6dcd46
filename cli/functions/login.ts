import { text } from 'node:stream/consumers'
import { EdgeloopError } from '../../lib/errors/index.ts'
import { keepLogin } from './credentials.ts'
import { type FunctionOptions, functionCommand, gatewayOf } from './options.ts'

interface LoginOptions extends FunctionOptions {
  username: string
}

export const loginCommand = functionCommand(
  'login',
  'keep a gateway’s credentials, where faas-cli keeps them; the password comes on standard input'
)
  .option('-u, --username <NAME>', 'who you are', 'admin')
  .action(async (options: LoginOptions) => {
    const { url, accepts } = gatewayOf(options)
    const password = (await text(process.stdin)).trimEnd()
    if (!(await accepts(options.username, password)))
      throw new EdgeloopError('UNAUTHENTICATED', 'user and password are not those of this gateway', {
        where: url,
        hint: 'see where the password is in docs/gateway.md',
      })
    process.stdout.write(`${url}: kept in ${await keepLogin(url, options.username, password)}\n`)
  })
