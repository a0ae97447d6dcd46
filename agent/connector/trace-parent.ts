import { type Delivery, isEvent } from './delivery.ts'
import { sha256 } from './sha256.ts'

const VALID = /^[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/

/**
 * The trace that a delivery belongs to: the one that a message came with, and for a photo the same one on its whole way,
 * made of its hash, so that nothing has to be remembered. https://www.w3.org/TR/trace-context/#traceparent-header
 *
 * @param id of the entry, which is the span
 */
export function traceParent(delivery: Delivery, id: string): string {
  const given = isEvent(delivery)
    ? undefined
    : delivery.userProperties.find(([name]) => name === 'traceparent')?.[1]
  if (given !== undefined && VALID.test(given)) return given
  return `00-${traceOf(delivery, id).slice(0, 32)}-${sha256(id).slice(0, 16)}-01`
}

function traceOf(delivery: Delivery, id: string): string {
  if (!isEvent(delivery)) return sha256(id)
  const { data } = delivery
  if (!('photo' in data)) return sha256(delivery.id)
  return typeof data.photo === 'string' ? data.photo : data.photo.hash
}
