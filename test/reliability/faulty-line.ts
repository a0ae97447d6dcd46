import {
  Agent,
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'

/** `fail`: the server answers 500. `hang`: it never answers. `cut`: the line is dead. */
export type LineState = 'up' | 'fail' | 'hang' | 'cut'

export interface FaultyLine {
  url: string
  state: LineState
  close(): Promise<void>
}

/** A line to an HTTP server that can do what lines and servers do to people. */
export async function openFaultyLine(to: string): Promise<FaultyLine> {
  const { hostname, port } = new URL(to)
  const agent = new Agent({ keepAlive: true })
  const server: Server = createServer(handle)

  function handle(incoming: IncomingMessage, outgoing: ServerResponse): void {
    if (line.state === 'cut') return void incoming.socket.destroy()
    if (line.state === 'hang') return void incoming.resume()
    if (line.state === 'fail') {
      incoming
        .resume()
        .on('end', () => outgoing.writeHead(500, { 'content-type': 'application/xml' }).end(FAILURE))
      return
    }
    const { method, url, headers } = incoming
    const asking = request({ hostname, port, agent, method, path: url, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode!, answer.headers)
      answer.pipe(outgoing)
      answer.on('error', () => outgoing.destroy())
    })
    asking.on('error', () => outgoing.destroy())
    outgoing.on('close', () => asking.destroy())
    incoming.pipe(asking)
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const line: FaultyLine = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    state: 'up',
    async close() {
      server.closeAllConnections()
      agent.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
  return line
}

const FAILURE =
  '<?xml version="1.0"?><Error><Code>InternalError</Code><Message>out of order</Message></Error>'
