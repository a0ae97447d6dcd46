import { z } from 'zod'

const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array, 'not bytes')

/** An MQTT message as it came; all but topic and body are there with MQTT 5 only. */
export const mqttMessageSchema = z.object({
  topic: z.string().min(1),
  body: bytes,
  contentType: z.string().optional(),
  /** What whoever sent it knows its answer by. */
  correlationData: bytes.optional(),
  /** In the order in which they came; names may come twice. */
  userProperties: z.array(z.tuple([z.string(), z.string()])).default([]),
})

export type MqttMessage = z.output<typeof mqttMessageSchema>

/** CloudEvents' attributes, by which a message is recognised as an event in binary mode. */
const REQUIRED = ['specversion', 'id', 'source', 'type']
const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/
/** What HTTP takes as a header's value. RFC 9110, section 5.5. */
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/
/** Of all user properties that become headers: servers take some 16 KB of headers. */
const PROPERTIES_LENGTH = 8000
/** Trace context travels under its own names. https://www.w3.org/TR/trace-context-mqtt/ */
const TRACE = new Set(['traceparent', 'tracestate'])

/**
 * A request with a message's bytes. User properties become headers: CloudEvents' attributes `ce-…`
 * (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/mqtt-protocol-binding.md, section 3.1), trace
 * context itself, all others `X-Mqtt-…`; one that cannot be a header, or is too much of one, is left out.
 */
export function messageRequest(
  url: string,
  message: MqttMessage,
  { headers, signal }: { headers: Record<string, string>; signal: AbortSignal }
): Request {
  const { userProperties, contentType = 'application/octet-stream', correlationData, body } = message
  const names = new Set(userProperties.map(([name]) => name))
  const isEvent = REQUIRED.every((name) => names.has(name))
  const all = new Headers()
  let room = PROPERTIES_LENGTH
  for (const [name, value] of userProperties) {
    room -= name.length + value.length
    if (room < 0 || !HEADER_NAME.test(name) || !HEADER_VALUE.test(value)) continue
    all.append(TRACE.has(name) ? name : `${isEvent ? 'ce' : 'x-mqtt'}-${name}`, value)
  }
  const isType = HEADER_VALUE.test(contentType) && contentType.length < 200
  all.set('content-type', isType ? contentType : 'application/octet-stream')
  if (correlationData && correlationData.length < 1000)
    all.set('x-correlation-data', Buffer.from(correlationData).toString('base64'))
  all.set('content-length', String(body.length))
  for (const [name, value] of Object.entries(headers)) all.set(name, value)
  return new Request(url, { method: 'POST', headers: all, body: Buffer.from(body), signal })
}
