import { randomUUID } from 'node:crypto'
import { type Context, Hono } from 'hono'
import { readBody } from '../lib/body/index.ts'
import { asEdgeloopError, EdgeloopError } from '../lib/errors/index.ts'
import { type Deployment, deployment as deploymentSchema } from '../lib/stack/index.ts'
import type { Provider } from './provider.ts'

/** The OpenFaaS REST contract on top of a provider. https://docs.openfaas.com/reference/rest-api/ */
export function createGateway(provider: Provider): Hono {
  const app = new Hono()
  app.onError((thrown, c) => {
    const error = asEdgeloopError(thrown)
    if (error.status === 500) console.error(error)
    if (error.status === 429) c.header('Retry-After', '1')
    return c.json(error.toJSON(), error.status)
  })

  app.get('/healthz', (c) => c.text('OK'))
  app.get('/system/info', (c) =>
    c.json({
      provider: {
        provider: provider.name,
        orchestration: provider.name,
        version: { release: '0.1.0', sha: '' },
      },
      version: { release: '0.1.0', sha: '' },
      arch: process.arch === 'x64' ? 'x86_64' : process.arch,
    })
  )

  app.get('/system/functions', async (c) => c.json(await provider.list()))
  app.get('/system/function/:name', async (c) => c.json(await existing(c.req.param('name'))))
  app.post('/system/functions', async (c) => {
    await provider.deploy(await readDeployment(c.req.raw))
    return c.body(null, 202)
  })
  app.put('/system/functions', async (c) => {
    const deployment = await readDeployment(c.req.raw)
    await existing(deployment.service)
    await provider.deploy(deployment)
    return c.body(null, 202)
  })
  app.delete('/system/functions', async (c) => {
    const { functionName } = (await readJson(c.req.raw)) as { functionName?: unknown }
    if (typeof functionName !== 'string')
      throw new EdgeloopError('INVALID_INPUT', 'functionName is missing', { where: 'functionName' })
    if (!(await provider.remove(functionName))) throw unknownFunction(functionName)
    return c.body(null, 202)
  })

  app.all('/function/:name/*', (c) => invoke(c, c.req.param('name')))
  app.all('/function/:name', (c) => invoke(c, c.req.param('name')))

  async function existing(name: string) {
    const status = await provider.get(name)
    if (!status) throw unknownFunction(name)
    return status
  }

  async function invoke(c: Context, name: string): Promise<Response> {
    const request = c.req.raw
    const started = performance.now()
    const url = new URL(request.url)
    url.pathname = url.pathname.replace(/^\/function\/[^/]+\/?/, '/')
    const headers = new Headers(request.headers)
    const callId = headers.get('x-call-id') ?? randomUUID()
    headers.set('x-call-id', callId)
    // For an error's answer, too.
    c.header('X-Call-Id', callId)
    const init: RequestInit & { duplex: 'half' } = {
      method: request.method,
      headers,
      body: request.body,
      signal: request.signal,
      duplex: 'half',
    }
    const answer = await provider.invoke(name, new Request(url, init))
    const response = new Response(answer.body, answer)
    response.headers.set('X-Call-Id', callId)
    response.headers.set('X-Duration-Seconds', ((performance.now() - started) / 1000).toFixed(6))
    return response
  }

  return app
}

async function readDeployment(request: Request): Promise<Deployment> {
  const parsed = deploymentSchema.safeParse(await readJson(request))
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]!
  throw new EdgeloopError('INVALID_INPUT', `${issue.path.join('.')}: ${issue.message}`, { where: 'body' })
}

/** A deployment is a few lines. */
const MAX_JSON_BYTES = 2 ** 20

async function readJson(request: Request): Promise<unknown> {
  const hint = 'send one deployment at a time'
  const bytes = await readBody(request, { what: 'the body', maxBytes: MAX_JSON_BYTES, hint })
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch (cause) {
    throw new EdgeloopError('INVALID_INPUT', 'the body is not JSON', { where: 'body', cause })
  }
}

function unknownFunction(name: string): EdgeloopError {
  return new EdgeloopError('NOT_FOUND', `there is no function "${name}"`, { where: name })
}
