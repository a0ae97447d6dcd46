import { Hono } from 'hono'
import { readBody } from '../body/index.ts'
import { readExamples } from './examples-request.ts'
import { metadataResponse } from './metadata-response.ts'
import { readPredictRequest } from './predict-request.ts'
import { predictResponse } from './predict-response.ts'
import { readRequest } from './read-request.ts'
import { classifyResponse, regressResponse } from './results-response.ts'
import { type Route, readRoute } from './route.ts'
import type { Servable, ServableManager } from './servable.ts'
import { asServingError, invalidArgument, type ServingCode, ServingError } from './serving-error.ts'
import { findSignature } from './signatures.ts'
import { inSlices } from './slices.ts'
import { statusResponse } from './status-response.ts'

export interface TfServingOptions {
  /** The most that a request may hold. In memory it can take `GROWTH` times as much while it is read. */
  maxBodyBytes: number
  /** Does what a request for a prediction asks for, which says as it goes on what it holds in memory. */
  admit?<T>(work: (holding: Holding) => Promise<T>): Promise<T>
  /** Called with each request for a prediction. */
  onAnswered?(request: AnsweredRequest): void
}

/** While it is read: a number of two characters takes 13 bytes in the document, and its text is still there. */
const GROWTH = 14
/** Once it is read: its text, which strings are views of, and its tensors. */
const KEPT = 2
const UNBOUNDED: Holding = { take: () => {}, keep: () => {} }

/** Takes note of what a request holds in memory; what it throws is what the client reads. */
interface Holding {
  /** So many more bytes have come. */
  take(bytes: number): void
  /** It holds so many, and no more. */
  keep(bytes: number): void
}

/** A request for a prediction, and how it went. */
export interface AnsweredRequest {
  /** Empty where it named none that the manager has. */
  model: string
  call: 'predict' | 'classify' | 'regress'
  status: 'OK' | ServingCode
  milliseconds: number
}

/**
 * TensorFlow Serving's REST API: predict, classify, regress, status and metadata of the models that the manager has. Handles
 * what is under `/v1/`, in any case; everything else is left to whoever comes next. A query is not looked at.
 *
 * Errors are `{"error": "…"}` with TensorFlow Serving's texts and statuses.
 * https://github.com/tensorflow/serving/tree/master/tensorflow_serving/model_servers
 */
export function createTfServing(manager: ServableManager, options: TfServingOptions): Hono {
  const { maxBodyBytes, admit = (work) => work(UNBOUNDED) } = options
  const app = new Hono()
  app.all('*', async (c, next) => {
    const request = c.req.raw
    const path = pathOf(request.url)
    if (!/^\/v1\//i.test(path)) return next()
    try {
      if (request.method === 'OPTIONS') return preflight(request)
      const route = readRoute(request.method, path)
      if (route.call === 'status') return json(status(manager, route))
      if (route.call === 'metadata') {
        return json(await use(manager, route, async (servable) => metadataResponse(route.model, servable)))
      }
      return await predict(route.call, route, request)
    } catch (thrown) {
      return refuse(failureOf(request, thrown))
    }
  })

  async function predict(call: AnsweredRequest['call'], route: Route, request: Request): Promise<Response> {
    const began = performance.now()
    const model = manager.has(route.model) ? route.model : ''
    const ended = (status: AnsweredRequest['status']) =>
      options.onAnswered?.({ model, call, status, milliseconds: performance.now() - began })
    try {
      const hint = 'send fewer instances at a time'
      const text = await admit(async ({ take, keep }) => {
        const onBytes = (count: number) => take(count * GROWTH)
        const body = await readBody(request, { what: 'the request', maxBytes: maxBodyBytes, hint, onBytes })
        const wasRead = () => keep(body.length * KEPT)
        return answer(manager, route, body, wasRead, request.signal)
      })
      ended('OK')
      return json(text)
    } catch (thrown) {
      ended(failureOf(request, thrown).code)
      throw thrown
    }
  }
  return app
}

function failureOf({ signal }: Request, thrown: unknown): ServingError {
  return signal.aborted ? new ServingError('CANCELLED', 'Cancelled', thrown) : asServingError(thrown)
}

/** Which part of an address is the path, with its escapes: whether `%2F` separates is not for a parser to say. */
function pathOf(url: string): string {
  const start = url.indexOf('/', url.indexOf('//') + 2)
  const end = url.slice(start).search(/[?#]/)
  return end === -1 ? url.slice(start) : url.slice(start, start + end)
}

/** A body is read before a model is looked for: what is wrong with it is said first. */
async function answer(
  manager: ServableManager,
  route: Route,
  body: Uint8Array,
  wasRead: () => void,
  signal: AbortSignal
): Promise<string> {
  const request = await inSlices(readRequest(body))
  const { signatureName } = request
  if (route.call === 'predict') {
    return use(manager, route, async (servable) => {
      const signature = findSignature(servable, signatureName, 'predict')
      const { format, inputs } = await inSlices(readPredictRequest(request, signature))
      wasRead()
      return predictResponse(format, await signature.run(inputs, signal), signature)
    })
  }
  const examples = await inSlices(readExamples(request))
  wasRead()
  return use(manager, route, async (servable) => {
    if (route.call === 'classify') {
      const signature = findSignature(servable, signatureName, 'classify')
      return classifyResponse(await signature.run(examples, signal), examples.length)
    }
    const signature = findSignature(servable, signatureName, 'regress')
    return regressResponse(await signature.run(examples, signal), examples.length)
  })
}

async function use(
  manager: ServableManager,
  route: Route,
  work: (servable: Servable) => Promise<string>
): Promise<string> {
  const { model } = route
  const version = chosenVersion(manager, route)
  const safe = version === undefined || version <= Number.MAX_SAFE_INTEGER
  const used = safe
    ? await manager.use(model, version === undefined ? undefined : Number(version), work)
    : undefined
  if (used) return used.value
  const asked = version === undefined ? `Latest(${model})` : `Specific(${model}, ${version})`
  throw new ServingError('NOT_FOUND', `Servable not found for request: ${asked}`)
}

function status(manager: ServableManager, route: Route): string {
  const { model } = route
  const version = chosenVersion(manager, route)
  const versions = manager.has(model) ? manager.versions(model) : []
  if (version === undefined) {
    if (versions.length > 0) return statusResponse(versions)
    throw new ServingError('NOT_FOUND', `Could not find any versions of model ${model}`)
  }
  const found = versions.filter((status) => BigInt(status.version) === version)
  if (found.length > 0) return statusResponse(found)
  throw new ServingError('NOT_FOUND', `Could not find version ${version} of model ${model}`)
}

function chosenVersion(manager: ServableManager, { model, version, label }: Route): bigint | undefined {
  if (label === undefined) return version
  const labelled = manager.has(model) ? manager.labels(model).get(label) : undefined
  if (labelled === undefined) throw invalidArgument(`Unrecognized servable version label: ${label}`)
  return BigInt(labelled)
}

function preflight(request: Request): Response {
  if (/https?:\/\//.test(request.headers.get('origin') ?? '')) return new Response(null)
  throw new ServingError('FAILED_PRECONDITION', 'Origin header is missing in CORS preflight')
}

function json(text: string): Response {
  return new Response(text, { headers: { 'Content-Type': 'application/json' } })
}

function refuse(error: ServingError): Response {
  if (error.code === 'INTERNAL') console.error(error)
  const headers = new Headers({ 'Content-Type': 'application/json' })
  if (error.status === 429 || error.status === 503) headers.set('Retry-After', '1')
  return new Response(`${JSON.stringify({ error: error.message }, null, 4)}`, {
    status: error.status,
    headers,
  })
}
