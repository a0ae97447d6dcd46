/**
 * For tests: a function in a process of its own, at the port that it is given. SIGTERM lets requests that began finish.
 * @module
 */
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

const [port, version, readyAfter = '0'] = process.argv.slice(2)
const began = Date.now()
let stopping = false

const server = createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url!, 'http://function')
  const isReady = !stopping && Date.now() - began >= Number(readyAfter)
  if (pathname === '/_/ready') return response.writeHead(isReady ? 200 : 503).end()
  if (stopping) response.setHeader('Connection', 'close')
  if (pathname === '/crash') return process.exit(1)
  if (pathname === '/refuse') return response.writeHead(413).end('too large')
  if (pathname === '/echo') return request.pipe(response)
  if (!isReady && readyAfter !== '0') return response.writeHead(503).end('not yet')
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece)
  await sleep(Number(searchParams.get('ms') ?? 0))
  response.writeHead(Number(searchParams.get('status') ?? 200), { 'Set-Cookie': ['a=1', 'b=2'] })
  response.end(
    JSON.stringify({
      version,
      method: request.method,
      url: request.url,
      headers: request.headers,
      from: request.socket.remotePort,
      body: Buffer.concat(pieces).toString(),
    })
  )
})
server.listen(Number(port), '127.0.0.1', () => process.send?.('listening'))
process.once('SIGTERM', () => {
  stopping = true
  server.close(() => process.exit(0))
})
