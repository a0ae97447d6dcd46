import { z } from 'zod'
import { type EdgeloopEvent, eventSchema } from '../../lib/events/index.ts'
import { type MqttMessage, mqttMessageSchema } from './mqtt-message.ts'
import { sha256 } from './sha256.ts'

/** What waits for a function: an event, or an MQTT message as it came. */
export type Delivery = EdgeloopEvent | MqttMessage

export const deliverySchema: z.ZodType<Delivery> = z.union([mqttMessageSchema, eventSchema])

export function isEvent(delivery: Delivery): delivery is EdgeloopEvent {
  return 'type' in delivery
}

export function topicOf(delivery: Delivery): string {
  return isEvent(delivery) ? `events/${delivery.type}` : delivery.topic
}

/** What the spool takes as a lane. */
const PLAIN = /^[\x20-\x7e]{1,300}$/

/**
 * Where it comes from: a device where one is known, and a topic otherwise. Those of one function take turns, and where order
 * is kept, it is kept within one.
 */
export function laneOf(delivery: Delivery): string {
  if (!isEvent(delivery)) return PLAIN.test(delivery.topic) ? delivery.topic : sha256(delivery.topic)
  const { data } = delivery
  return 'device' in data ? `${data.edge}/${data.device}` : topicOf(delivery)
}

/** What goes up later than anything else of the loop, the last of it last; see `Spool`'s priorities. */
const LATER: readonly string[] = ['sample.review', 'sample.accepted']

/**
 * Where a line is slow, what people have said goes up before what they are to see, and that before what the model knows: it is
 * learnt from at once, and is tiny.
 */
export function priorityOf(delivery: Delivery): number {
  return isEvent(delivery) ? LATER.indexOf(delivery.type) + 1 : LATER.length + 1
}
