import { buffer } from 'node:stream/consumers'
import { EdgeloopError } from '../../lib/errors/index.ts'
import { type FunctionOptions, faasCliFor, functionCommand, gatewayOf, here } from './options.ts'

interface InvokeOptions extends FunctionOptions {
  async?: boolean
  edge?: string
  method: string
  header: string[]
  query: string[]
}

const several = (value: string, before: string[]) => [...before, value]

export const invokeCommand = functionCommand('invoke', 'invoke a function with what comes on standard input')
  .argument('<NAME>', 'the function')
  .option('--async', 'do not wait for the answer')
  .option('--edge <NAME>', 'ask this edge')
  .option('--method <METHOD>', 'the HTTP method', 'POST')
  .option('-H, --header <NAME=VALUE>', 'a header; may be given several times', several, [])
  .option('--query <NAME=VALUE>', 'a part of the query; may be given several times', several, [])
  .action(async (name: string, options: InvokeOptions) => {
    const client = gatewayOf(options)
    const { edge, method, query, namespace } = options
    const headers = [...options.header, ...(edge === undefined ? [] : [`X-Edge=${edge}`])]
    const faasCli = await faasCliFor(options)
    if (faasCli) {
      const flags = [
        ...headers.flatMap((header) => ['--header', header]),
        ...query.flatMap((part) => ['--query', part]),
        ...(namespace ? ['--namespace', namespace] : []),
        ...(options.async ? ['--async'] : []),
      ]
      return faasCli.run(['invoke', name, '--gateway', client.url, '--method', method, ...flags], here())
    }
    const body = process.stdin.isTTY ? undefined : await buffer(process.stdin)
    const full = namespace ? `${name}.${namespace}` : name
    const route = `/${options.async ? 'async-function' : 'function'}/${full}`
    const search = new URLSearchParams(query.map(pairOf)).toString()
    const response = await client.invoke(search ? `${route}?${search}` : route, {
      method,
      headers: headers.map(pairOf),
      body: method === 'GET' || method === 'HEAD' ? undefined : body,
    })
    const answer = Buffer.from(await response.arrayBuffer())
    if (!response.ok)
      throw new EdgeloopError(
        'UNAVAILABLE',
        `${name} answered ${response.status}: ${answer.toString().slice(0, 1000)}`,
        {
          where: client.url,
        }
      )
    if (options.async) process.stdout.write(`taken as ${response.headers.get('x-call-id')}\n`)
    else process.stdout.write(answer)
  })

function pairOf(text: string): [string, string] {
  const at = text.indexOf('=')
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)]
  throw new EdgeloopError('INVALID_INPUT', `"${text}" has no "="`, { hint: 'write it as NAME=VALUE' })
}
