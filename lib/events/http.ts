import { CloudEvent, HTTP } from 'cloudevents'
import { EdgeloopError } from '../errors/index.ts'
import { parseEvent } from './event.ts'
import type { EdgeloopEvent, EventType } from './types.ts'

/** Whether a request carries a CloudEvent, in binary or structured mode of the HTTP binding. */
export function carriesEvent(headers: Headers): boolean {
  return headers.has('ce-type') || (headers.get('content-type') ?? '').startsWith('application/cloudevents')
}

/**
 * Reads the CloudEvent of a request.
 *
 * @param accepted the types that the caller can handle
 * @throws EdgeloopError INVALID_INPUT when there is none, when it is malformed, or when its type is not accepted
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
  const event = parseEvent(await decode(request))
  if (!(accepted as readonly string[]).includes(event.type))
    throw new EdgeloopError('INVALID_INPUT', `${event.type} is not for this function`, {
      where: 'event.type',
      hint: expectation,
    })
  return event as EdgeloopEvent<T>
}

async function decode(request: Request): Promise<Record<string, unknown>> {
  try {
    const message = HTTP.toEvent({
      headers: Object.fromEntries(request.headers),
      body: await request.text(),
    })
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
  headers: Record<string, string> = {}
): Request {
  const encoded = encodeEvent(event)
  return new Request(url, {
    method: 'POST',
    headers: { ...encoded.headers, ...headers },
    body: encoded.body,
  })
}

/** The event of a response, where it carries one. */
export async function readEventResponse(response: Response): Promise<EdgeloopEvent | undefined> {
  if (!carriesEvent(response.headers)) return undefined
  const { headers } = response
  return parseEvent(
    await decode(new Request('http://response/', { method: 'POST', headers, body: await response.text() }))
  )
}
