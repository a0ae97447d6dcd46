import { CloudEvent, HTTP } from 'cloudevents'
import { readBody } from '../body/index.ts'
import { EdgeloopError } from '../errors/index.ts'
import { parseEvent } from './event.ts'
import type { EdgeloopEvent, EventType } from './types.ts'

/** Events are small, a few kB with features and neighbours: what they speak of, such as a photo, lies elsewhere. */
const MAX_EVENT_BYTES = 2 ** 20

/** Whether a request carries a CloudEvent, in binary or structured mode of the HTTP binding. */
export function carriesEvent(headers: Headers): boolean {
  return headers.has('ce-type') || isStructured(headers)
}

function isStructured(headers: Headers): boolean {
  return (headers.get('content-type') ?? '').toLowerCase().startsWith('application/cloudevents')
}

/**
 * Reads the CloudEvent of a request.
 *
 * @param accepted the types that the caller can handle
 * @throws EdgeloopError INVALID_INPUT when there is none, when it is malformed, or when its type is not accepted;
 *   TOO_LARGE past 1 MiB, UNAVAILABLE when its body breaks off
 */
export async function readEvent<T extends EventType>(
  request: Request,
  accepted: readonly T[]
): Promise<EdgeloopEvent<T>> {
  const expectation = `send one of: ${accepted.join(', ')}`
  if (!carriesEvent(request.headers))
    throw new EdgeloopError('INVALID_INPUT', 'the request carries no CloudEvent', {
      where: 'headers',
      hint: `${expectation}, with ce-* headers or as application/cloudevents+json`,
    })
  const event = parseEvent(decode(await read(request)))
  if (!(accepted as readonly string[]).includes(event.type))
    throw new EdgeloopError('INVALID_INPUT', `${event.type} is not for this function`, {
      where: 'event.type',
      hint: expectation,
    })
  return event as EdgeloopEvent<T>
}

/** A request or response whose body has arrived. */
interface Carrier {
  headers: Headers
  body: string
}

async function read(message: Request | Response): Promise<Carrier> {
  const bytes = await readBody(message, {
    what: 'the event',
    maxBytes: MAX_EVENT_BYTES,
    hint: 'send a photo as plain bytes, and other things by reference',
  })
  return { headers: message.headers, body: new TextDecoder().decode(bytes) }
}

function decode({ headers, body }: Carrier): Record<string, unknown> {
  const encoded = Object.fromEntries(headers)
  // All of our data is JSON; curl says of whatever it sends that it came from a form. Media types know no case.
  encoded['content-type'] = isStructured(headers)
    ? headers.get('content-type')!.toLowerCase()
    : 'application/json'
  try {
    const message = HTTP.toEvent({ headers: encoded, body })
    if (!Array.isArray(message)) return message as unknown as Record<string, unknown>
  } catch (cause) {
    throw new EdgeloopError('INVALID_INPUT', `not a CloudEvent: ${reasonOf(cause)}`, { where: 'body', cause })
  }
  throw new EdgeloopError('INVALID_INPUT', 'batches of events are not accepted', {
    where: 'body',
    hint: 'send one event a request',
  })
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}

/** The headers and body of an event in binary mode. */
function encodeEvent(event: EdgeloopEvent): { headers: Record<string, string>; body: string } {
  const { headers, body } = HTTP.binary(
    new CloudEvent<unknown>({ ...event, datacontenttype: 'application/json', specversion: '1.0' }, false)
  )
  return { headers: headers as Record<string, string>, body: body as string }
}

/** Answers a request with an event, in binary mode. */
export function eventResponse(event: EdgeloopEvent): Response {
  const { headers, body } = encodeEvent(event)
  return new Response(body, { headers })
}

/** Makes a request that carries an event, in binary mode. */
export function eventRequest(
  url: string,
  event: EdgeloopEvent,
  { headers = {}, signal }: { headers?: Record<string, string>; signal?: AbortSignal } = {}
): Request {
  const encoded = encodeEvent(event)
  return new Request(url, {
    method: 'POST',
    headers: { ...encoded.headers, 'content-length': String(Buffer.byteLength(encoded.body)), ...headers },
    body: encoded.body,
    ...(signal && { signal }),
  })
}

/** The event of a response, where it carries one. */
export async function readEventResponse(response: Response): Promise<EdgeloopEvent | undefined> {
  if (!carriesEvent(response.headers)) return undefined
  return parseEvent(decode(await read(response)))
}
