import type { MqttClient } from 'mqtt'
import { generate, type IPublishPacket } from 'mqtt-packet'

/** Says that a publication is this client's: to be called once, in whatever order. */
export type Acknowledge = () => void

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
  /** The id of each publication whose acknowledgement is ours. */
  const ids = new WeakMap<object, number>()
  let pending: { id: number; done: boolean }[] = []

  // To the client it is one that needs no acknowledgement.
  client.on('packetreceive', (packet) => {
    if (packet.cmd !== 'publish' || packet.qos !== 1) return
    ids.set(packet, packet.messageId!)
    packet.qos = 0
  })
  // The next connection is sent all of them again.
  client.on('close', () => {
    pending = []
  })

  client.handleMessage = (packet, resume) => {
    const id = ids.get(packet)
    if (id === undefined) return take(packet, () => {}, resume)
    const mine = { id, done: false }
    const session = pending
    session.push(mine)
    take({ ...packet, qos: 1, messageId: id }, () => acknowledge(mine, session), resume)
  }

  function acknowledge(mine: { id: number; done: boolean }, session: typeof pending): void {
    mine.done = true
    if (session !== pending || !client.connected) return
    while (pending[0]?.done) {
      const { id } = pending.shift()!
      client.stream.write(
        generate({ cmd: 'puback', messageId: id }, { protocolVersion: client.options.protocolVersion })
      )
    }
  }
}
