/**
 * For tests: a server that lists and watches objects as Kubernetes' does, and can be made to fail as it does.
 * @module
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { KubeConfig } from '@kubernetes/client-node'
import type { KubernetesObject } from './object.ts'

export interface ApiServer {
  config: KubeConfig
  /** What was asked of it, as `GET /path?query`. */
  requests: string[]
  /** Answers the next request of this method with something else. */
  answer(method: string, status: number, body: object | string): void
  set(name: string, more?: object): KubernetesObject
  remove(name: string): void
  /** Breaks off all watches; the next one is told that what it would go on from has expired. */
  forget(): void
  /** Ends all watches in order, as after their time. */
  endWatches(): void
  /** Breaks off all connections. */
  breakOff(): void
  close(): Promise<void>
}

export async function startApiServer(): Promise<ApiServer> {
  let version = 100
  let oldest = 0
  const objects = new Map<string, KubernetesObject>()
  const events: { version: number; line: string }[] = []
  const watches = new Set<ServerResponse>()
  const answers: { method: string; status: number; body: object | string }[] = []
  const requests: string[] = []

  function happen(type: string, object: KubernetesObject): KubernetesObject {
    const line = `${JSON.stringify({ type, object })}\n`
    events.push({ version, line })
    for (const watch of watches) watch.write(line)
    return object
  }

  function watch(url: URL, response: ServerResponse): void {
    const since = Number(url.searchParams.get('resourceVersion'))
    response.writeHead(200)
    if (since < oldest) {
      const object = { kind: 'Status', code: 410, message: 'too old resource version' }
      response.end(`${JSON.stringify({ type: 'ERROR', object })}\n`)
      return
    }
    response.flushHeaders()
    for (const event of events) if (event.version > since) response.write(event.line)
    watches.add(response)
    response.once('close', () => watches.delete(response))
  }

  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url!, 'http://api')
    requests.push(`${request.method} ${url.pathname}${url.search}`)
    const at = answers.findIndex(({ method }) => method === request.method)
    const other = at >= 0 ? answers.splice(at, 1)[0] : undefined
    if (other) {
      response.writeHead(other.status)
      response.end(typeof other.body === 'string' ? other.body : JSON.stringify(other.body))
    } else if (url.searchParams.has('watch')) watch(url, response)
    else
      response.end(
        JSON.stringify({ items: [...objects.values()], metadata: { resourceVersion: String(version) } })
      )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

  const config = new KubeConfig()
  const { port } = server.address() as AddressInfo
  config.loadFromClusterAndUser(
    { name: 'test', server: `http://127.0.0.1:${port}`, skipTLSVerify: true },
    { name: 'test', token: 'the token' }
  )

  return {
    config,
    requests,
    answer: (method, status, body) => answers.push({ method, status, body }),
    set(name, more = {}) {
      version++
      const known = objects.get(name)
      const uid = known?.metadata?.uid ?? `uid-${version}`
      const object = { ...more, metadata: { name, uid, resourceVersion: String(version) } }
      objects.set(name, object)
      return happen(known ? 'MODIFIED' : 'ADDED', object)
    },
    remove(name) {
      version++
      const { metadata } = objects.get(name)!
      objects.delete(name)
      happen('DELETED', { metadata: { ...metadata, resourceVersion: String(version) } })
    },
    forget() {
      oldest = version + 1
      for (const each of watches) each.destroy()
    },
    endWatches() {
      for (const each of watches) each.end()
    },
    breakOff: () => server.closeAllConnections(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
