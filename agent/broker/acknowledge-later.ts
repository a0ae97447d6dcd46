import type { MqttClient } from 'mqtt'
import { generate, type IPublishPacket } from 'mqtt-packet'

/** Says that a publication is this client's: to be called once, in whatever order. */
export type Acknowledge = () => void

/** A publication that waits for its acknowledgement. */
interface Pending {
  id: number
  done: boolean
}

/**
 * Has a client hand over publications of QoS 1 that it acknowledges when it is told to. By itself, mqtt.js reads nothing more
 * before it has acknowledged, so that each message would wait for the disk alone. Acknowledgements leave in the order in which
 * the publications came, as they must. MQTT 3.1.1 and 5, section 4.6.
 *
 * @param take gets each publication; `resume` has the next one read
 */
export function acknowledgeLater(
  client: MqttClient,
  take: (packet: IPublishPacket, acknowledge: Acknowledge, resume: () => void) => void
): void {
  /** Of each publication whose acknowledgement is ours: its id, and the connection that it came by. */
  const ours = new WeakMap<object, { id: number; stream: MqttClient['stream'] }>()
  /** By connection: the next one is sent all of them again, perhaps under the ids of others. */
  const sessions = new WeakMap<MqttClient['stream'], Pending[]>()

  // To the client it is one that needs no acknowledgement.
  client.on('packetreceive', (packet) => {
    if (packet.cmd !== 'publish' || packet.qos !== 1) return
    ours.set(packet, { id: packet.messageId!, stream: client.stream })
    packet.qos = 0
  })

  client.handleMessage = (packet, resume) => {
    const own = ours.get(packet)
    if (!own) return take(packet, () => {}, resume)
    const { id, stream } = own
    // What a connection had read before it broke comes again.
    if (stream !== client.stream || stream.destroyed) return resume()
    const pending = sessions.get(stream) ?? []
    sessions.set(stream, pending)
    const mine = { id, done: false }
    pending.push(mine)
    const acknowledge = () => {
      mine.done = true
      if (stream === client.stream && !stream.destroyed) send(stream, pending)
    }
    take({ ...packet, qos: 1, messageId: id }, acknowledge, resume)
  }

  function send(stream: MqttClient['stream'], pending: Pending[]): void {
    const { protocolVersion } = client.options
    while (pending[0]?.done) {
      const { id: messageId } = pending.shift()!
      stream.write(generate({ cmd: 'puback', messageId }, { protocolVersion }))
    }
  }
}
