import type { Publication } from '../broker/index.ts'
import type { MqttMessage } from './mqtt-message.ts'

/** A publication as functions get it, and what becomes of it where the spool is full: with QoS 0, its sender can do without it. */
export function messageOf({
  topic,
  payload,
  qos,
  ...more
}: Publication): [message: MqttMessage, whenFull: 'refuse' | 'expendable'] {
  return [{ topic, body: payload, ...more }, qos === 0 ? 'expendable' : 'refuse']
}
