/**
 * The barest proxy that Node's own modules make: no credentials, no metrics, no ids, no second attempt.
 * @module
 */
import { Agent, createServer, request } from 'node:http'

const { PORT, ORIGIN } = process.env
const { hostname, port } = new URL(ORIGIN!)
const agent = new Agent({ keepAlive: true })

createServer((incoming, outgoing) => {
  const { method, url, headers } = incoming
  const asking = request({ hostname, port, agent, method, path: url, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode!, answer.headers)
    answer.pipe(outgoing)
  })
  asking.on('error', () => outgoing.destroy())
  incoming.pipe(asking)
}).listen(Number(PORT), '127.0.0.1')
