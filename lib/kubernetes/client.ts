import type { IncomingMessage } from 'node:http'
import http from 'node:http'
import https from 'node:https'
import { text } from 'node:stream/consumers'
import type { KubeConfig } from '@kubernetes/client-node'
import { EdgeloopError } from '../errors/index.ts'
import { isRepeatable } from '../forwarding/index.ts'
import { outOfReach, refusal } from './error.ts'
import type { KubernetesObject } from './object.ts'

export type Query = Readonly<Record<string, string | number | boolean | undefined>>

export interface KubernetesList<T> {
  items: T[]
  /** From where a watch goes on. */
  resourceVersion: string
}

/**
 * Requests to the API server. Paths are the API's own (`/api/v1/nodes`); an answer that is no success is an
 * EdgeloopError with Kubernetes' words: NOT_FOUND, CONFLICT, INVALID_INPUT, MISCONFIGURED where a right is missing,
 * UNAVAILABLE where it does not answer.
 */
export interface KubernetesClient {
  readonly server: string
  get<T>(path: string, query?: Query): Promise<T>
  /** The same, undefined when there is none. */
  find<T>(path: string, query?: Query): Promise<T | undefined>
  list<T extends KubernetesObject>(path: string, query?: Query): Promise<KubernetesList<T>>
  create<T extends object>(path: string, object: T, query?: Query): Promise<T>
  replace<T extends object>(path: string, object: T, query?: Query): Promise<T>
  /** Changes what the patch names, and removes what it says is null. */
  merge<T>(path: string, patch: object): Promise<T>
  /** @returns whether there was one */
  remove(path: string, query?: Query): Promise<boolean>
  /** The body as it comes: a watch, a log. */
  stream(path: string, query: Query, signal: AbortSignal): Promise<IncomingMessage>
  close(): void
}

/** How long the API server may take to answer, in milliseconds. */
const PATIENCE_MS = 15_000
/** Objects of a list that are asked for at a time. */
const PAGE = 500
/** How long credentials are used before they are read again; tokens of pods are renewed on disk. */
const CREDENTIALS_MS = 30_000

interface Access {
  agent: https.Agent | http.Agent
  headers: http.OutgoingHttpHeaders
  auth?: string
  readAt: number
  /** Tells whether the certificates are still the same, so that connections can be kept. */
  certificates: string
}

export function createKubernetesClient(config: KubeConfig): KubernetesClient {
  const server = config.getCurrentCluster()!.server.replace(/\/$/, '')
  const protocol = server.startsWith('https:') ? https : http
  let known: Access | undefined

  async function access(): Promise<Access> {
    if (known && performance.now() - known.readAt < CREDENTIALS_MS) return known
    const options: https.RequestOptions = {}
    await config.applyToHTTPSOptions(options)
    const { ca, cert, key, rejectUnauthorized, servername, headers = {}, auth } = options
    const certificates = JSON.stringify([ca, cert, key].map(String))
    const isSame = known?.certificates === certificates
    if (known && !isSame) known.agent.destroy()
    const agent = isSame ? known!.agent : agentOf(options, { ca, cert, key, rejectUnauthorized, servername })
    known = {
      agent,
      headers: headers as http.OutgoingHttpHeaders,
      auth: auth ?? undefined,
      readAt: performance.now(),
      certificates,
    }
    return known
  }

  /** The config makes a new agent for each request; only where a proxy is between is its own kind needed. */
  function agentOf(options: https.RequestOptions, secure: https.AgentOptions): Access['agent'] {
    if (config.getCurrentCluster()!.proxyUrl) return options.agent as Access['agent']
    return new protocol.Agent({ ...withoutUndefined(secure), keepAlive: true })
  }

  async function send(
    method: string,
    path: string,
    options: { query?: Query; body?: object; type?: string; signal?: AbortSignal }
  ): Promise<IncomingMessage> {
    const { query = {}, body, type, signal } = options
    const { agent, headers, auth } = await access()
    const url = new URL(server + path)
    for (const [key, value] of Object.entries(query))
      if (value !== undefined) url.searchParams.set(key, String(value))
    const json = body && JSON.stringify(body)
    return new Promise((resolve, reject) => {
      const request = protocol.request(url, {
        method,
        agent,
        auth,
        signal,
        headers: {
          ...headers,
          accept: 'application/json',
          ...(json !== undefined && {
            'content-type': type ?? 'application/json',
            'content-length': Buffer.byteLength(json),
          }),
        },
      })
      request.once('socket', (socket) => socket.setKeepAlive(true, 15_000))
      const silent = setTimeout(
        () => request.destroy(new Error(`no answer within ${PATIENCE_MS} ms`)),
        PATIENCE_MS
      )
      let answered = false
      request.once('response', (response) => {
        answered = true
        clearTimeout(silent)
        resolve(response)
      })
      request.on('error', (cause: NodeJS.ErrnoException) => {
        clearTimeout(silent)
        // Whoever reads the answer hears of it.
        if (answered) return
        // Most likely the server had closed a connection that was idle, and has not read the request.
        const isStale = request.reusedSocket && cause.code === 'ECONNRESET'
        if (isStale && isRepeatable(method, () => false)) resolve(send(method, path, options))
        else reject(outOfReach(cause, server))
      })
      request.end(json)
    })
  }

  async function call<T>(
    method: string,
    path: string,
    options: { query?: Query; body?: object; type?: string }
  ): Promise<T> {
    const deadline = new AbortController()
    const timer = setTimeout(() => deadline.abort(new Error('the answer does not end')), 2 * PATIENCE_MS)
    try {
      const response = await send(method, path, { ...options, signal: deadline.signal })
      const body = await text(response).catch((cause: unknown) => {
        throw outOfReach(cause, server)
      })
      if (!isSuccess(response)) throw refusal(response.statusCode!, body, path)
      return JSON.parse(body) as T
    } finally {
      clearTimeout(timer)
    }
  }

  const get = <T>(path: string, query?: Query) => call<T>('GET', path, { query })

  return {
    server,
    get,
    find: (path, query) => get<never>(path, query).catch(absent),
    async list<T extends KubernetesObject>(path: string, query?: Query) {
      const items: T[] = []
      let more: string | undefined
      for (;;) {
        type Page = { items: T[]; metadata: { continue?: string; resourceVersion: string } }
        const page: Page = await get(path, { ...query, limit: PAGE, continue: more })
        items.push(...page.items)
        more = page.metadata.continue || undefined
        if (more === undefined) return { items, resourceVersion: page.metadata.resourceVersion }
      }
    },
    create: (path, object, query) => call('POST', path, { query, body: object }),
    replace: (path, object, query) => call('PUT', path, { query, body: object }),
    merge: (path, patch) => call('PATCH', path, { body: patch, type: 'application/merge-patch+json' }),
    async remove(path, query) {
      const answer = await call('DELETE', path, { query }).catch(absent)
      return answer !== undefined
    },
    async stream(path, query, signal) {
      const response = await send('GET', path, { query, signal })
      if (isSuccess(response)) return response
      throw refusal(response.statusCode!, await text(response), path)
    },
    close: () => known?.agent.destroy(),
  }
}

const isSuccess = ({ statusCode = 0 }: IncomingMessage) => statusCode >= 200 && statusCode < 300

function absent(error: unknown): undefined {
  if (error instanceof EdgeloopError && error.code === 'NOT_FOUND') return undefined
  throw error
}

/** Node takes an undefined certificate for none given only where the key is absent. */
function withoutUndefined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as T
}
