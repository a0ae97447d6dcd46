import { z } from 'zod'
import { EdgeloopError } from '../../lib/errors/index.ts'
import { readNdjson } from '../../lib/ndjson/index.ts'
import type { Deployment } from '../../lib/stack/index.ts'
import { authorizationFor } from './credentials.ts'

/** What OpenFaaS and Edgeloop both say of themselves. */
const info = z.looseObject({ provider: z.looseObject({ provider: z.string().nullish() }).nullish() })
const functionStatus = z.looseObject({
  name: z.string(),
  image: z.string(),
  replicas: z.number().default(0),
  availableReplicas: z.number().default(0),
  invocationCount: z.number().default(0),
  status: z.string().optional(),
  labels: z.record(z.string(), z.string()).nullish(),
  annotations: z.record(z.string(), z.string()).nullish(),
})
export type FunctionStatus = z.infer<typeof functionStatus>
const logLine = z.looseObject({ timestamp: z.string(), instance: z.string(), text: z.string() })
const placement = z.object({ nodes: z.array(z.string()) })
const refusal = z.looseObject({
  error: z.string(),
  where: z.string().optional(),
  hint: z.string().optional(),
})

/** Whose gateway it is: OpenFaaS' Community Edition places nothing. */
export type GatewayKind = 'edgeloop' | 'openfaas' | 'openfaas-ce'

/** A gateway's REST API, as commands use it. All throw EdgeloopError with what the gateway said. */
export interface GatewayClient {
  readonly url: string
  kind(): Promise<GatewayKind>
  list(namespace?: string): Promise<FunctionStatus[]>
  /** Names of nodes. */
  placement(deployment: Deployment): Promise<string[]>
  /** An update, or a creation where there is nothing to update. */
  deploy(deployment: Deployment): Promise<void>
  /** @returns whether there was one */
  remove(name: string, namespace?: string): Promise<boolean>
  logs(query: Record<string, string>): AsyncGenerator<z.infer<typeof logLine>>
  invoke(route: string, init: RequestInit): Promise<Response>
  /** Whether these credentials open it. */
  accepts(user: string, password: string): Promise<boolean>
}

const TIMEOUT_MS = 60_000

export function gatewayClient(gateway: string): GatewayClient {
  const url = gateway.replace(/\/+$/, '')
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new EdgeloopError('INVALID_INPUT', `"${gateway}" is no address of a gateway`, {
      where: '--gateway',
      hint: 'write it as http://127.0.0.1:8080',
    })

  async function send(route: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`${url}${route}`, init).catch((cause: Error) => {
      throw new EdgeloopError('UNAVAILABLE', `the gateway does not answer: ${reason(cause)}`, {
        where: url,
        hint: 'start one with npm start, or name another one with --gateway',
        cause,
      })
    })
  }

  async function ask(method: string, route: string, body?: unknown): Promise<Response> {
    const authorization = await authorizationFor(url)
    const headers = { 'Content-Type': 'application/json', ...(authorization && { authorization }) }
    const signal = AbortSignal.timeout(TIMEOUT_MS)
    const init = { method, headers, signal, body: body === undefined ? undefined : JSON.stringify(body) }
    return send(route, init)
  }

  async function need(response: Response): Promise<Response> {
    if (response.ok) return response
    throw await refused(response, url)
  }

  const json = async <S extends z.ZodType>(schema: S, route: string): Promise<z.output<S>> =>
    schema.parse(await (await need(await ask('GET', route))).json())
  const inNamespace = (namespace: string | undefined) =>
    namespace ? `?namespace=${encodeURIComponent(namespace)}` : ''

  return {
    url,
    async kind() {
      const name = (await json(info, '/system/info')).provider?.provider ?? ''
      if (name.startsWith('edgeloop')) return 'edgeloop'
      return name.endsWith('-ce') ? 'openfaas-ce' : 'openfaas'
    },
    list: (namespace) => json(z.array(functionStatus), `/system/functions${inNamespace(namespace)}`),
    async placement(deployment) {
      const response = await need(await ask('POST', '/system/placement', deployment))
      return placement.parse(await response.json()).nodes
    },
    async deploy(deployment) {
      const updated = await ask('PUT', '/system/functions', deployment)
      if (updated.status === 404) await need(await ask('POST', '/system/functions', deployment))
      else await need(updated)
    },
    async remove(functionName, namespace) {
      const removed = await ask('DELETE', '/system/functions', { functionName, namespace })
      if (removed.status === 404) return false
      await need(removed)
      return true
    },
    async *logs(query) {
      const authorization = await authorizationFor(url)
      const response = await send(`/system/logs?${new URLSearchParams(query)}`, {
        headers: authorization ? { authorization } : {},
      })
      yield* readNdjson((await need(response)).body!, logLine)
    },
    invoke: (route, init) => send(route, init),
    async accepts(user, password) {
      const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
      const response = await send('/system/functions', { headers: { authorization } })
      if (response.status === 401 || response.status === 403) return false
      await need(response)
      return true
    },
  }
}

async function refused(response: Response, url: string): Promise<EdgeloopError> {
  const text = await response.text()
  const { data } = refusal.safeParse(parsed(text))
  const hint = response.status === 401 ? `log in: edgeloop login --gateway ${url}` : data?.hint
  const message = data?.error ?? `the gateway answered ${response.status}: ${text.slice(0, 500)}`
  return new EdgeloopError(response.status === 401 ? 'UNAUTHENTICATED' : 'INVALID_INPUT', message, {
    where: data?.where ?? url,
    hint,
  })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const reason = ({ message, cause }: Error) =>
  cause instanceof Error && cause.message ? cause.message : message
