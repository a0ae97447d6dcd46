import { eventRequest } from '../../lib/events/index.ts'
import { type Delivery, isEvent, topicOf } from './delivery.ts'
import { messageRequest } from './mqtt-message.ts'
import { traceParent } from './trace-parent.ts'

/** @param id of the entry: the same for each attempt */
export function deliveryRequest(url: string, delivery: Delivery, id: string): Request {
  const callId = id.replaceAll('/', '-')
  const headers = {
    'x-topic': topicOf(delivery),
    'x-connector': 'edgeloop',
    'x-call-id': callId,
    // It comes again until it is answered.
    'idempotency-key': callId,
    traceparent: traceParent(delivery, id),
  }
  return isEvent(delivery) ? eventRequest(url, delivery, headers) : messageRequest(url, delivery, headers)
}
