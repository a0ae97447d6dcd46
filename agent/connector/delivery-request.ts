import { eventRequest } from '../../lib/events/index.ts'
import { type Delivery, isEvent, topicOf } from './delivery.ts'
import { messageRequest } from './mqtt-message.ts'
import { traceParent } from './trace-parent.ts'

/**
 * @param id of the entry: the same for each attempt
 * @param signal gives up; to wrap a request that has none in one that has costs more than to make it
 */
export function deliveryRequest(url: string, delivery: Delivery, id: string, signal: AbortSignal): Request {
  const callId = id.replaceAll('/', '-')
  const headers = {
    'x-topic': headerText(topicOf(delivery)),
    'x-connector': 'edgeloop',
    'x-call-id': callId,
    // It comes again until it is answered.
    'idempotency-key': callId,
    traceparent: traceParent(delivery, id),
  }
  return isEvent(delivery)
    ? eventRequest(url, delivery, { headers, signal })
    : messageRequest(url, delivery, { headers, signal })
}

/** A header takes no more, and servers take no more of all headers together than some 16 KB. */
const TOPIC_LENGTH = 2000

/** What a header cannot carry is percent-encoded, as in addresses. */
function headerText(topic: string): string {
  // By way of bytes: cutting may have left half of a character.
  const text = Buffer.from(topic.slice(0, TOPIC_LENGTH)).toString()
  return text.replace(/[^\x20-\x7e]/gu, encodeURIComponent)
}
