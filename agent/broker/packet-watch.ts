export interface PacketLimits {
  /** Bytes of a publication under `longTopics`, without the fixed header. */
  maxBytes: number
  /** Bytes of any other packet. */
  maxOtherBytes: number
  /** What the topics of long publications begin with; without it, there are none. */
  longTopics?: string
}

/** Follows the packets of one connection. */
export interface PacketWatch {
  /** Takes what arrives, in order. Returns whether a packet announces more than it may have: then nothing more is said. */
  exceeds(chunk: Uint8Array): boolean
  /** How many packets have arrived whole. */
  readonly whole: number
  /** How much has arrived of the packet that is not whole yet, in bytes, its header counted as two; 0 between packets. */
  readonly unfinished: number
}

const PUBLISH = 3
/** The length of the topic stands before it. */
const TOPIC_AT = 2

/**
 * Watches the lengths that MQTT packets announce, before anything is collected in memory. A fixed header is one byte of
 * type and one to four of remaining length, seven bits each, the lowest first; a publication goes on with its topic.
 * MQTT 3.1.1, sections 2.2 and 3.3.
 */
export function watchPackets({ maxBytes, maxOtherBytes, longTopics }: PacketLimits): PacketWatch {
  const prefix = new TextEncoder().encode(longTopics ?? '')
  /** Bytes of the present packet's body that are still to come. */
  let body = 0
  /** Where in the fixed header we are: 0 before the type, then the length's bytes. */
  let header = 0
  let type = 0
  let length = 0
  /** How many bytes of the topic are still to be compared, because the packet is long. */
  let topic = 0
  let whole = 0

  const tooLong = () => length > maxBytes || (length > maxOtherBytes && (!longTopics || type !== PUBLISH))

  return {
    get whole() {
      return whole
    },
    get unfinished() {
      return body > 0 ? length - body + 2 : header
    },
    exceeds(chunk) {
      for (let at = 0; at < chunk.length; ) {
        if (body > 0) {
          if (topic > 0) {
            const place = length - body - TOPIC_AT
            if (place >= 0 && chunk[at] !== prefix[place]) return true
            topic--
          }
          const passed = topic > 0 ? 1 : Math.min(body, chunk.length - at)
          body -= passed
          at += passed
          if (body === 0) whole++
          continue
        }
        const byte = chunk[at++]!
        if (header === 0) {
          header = 1
          length = 0
          type = byte >> 4
          continue
        }
        length += (byte & 0x7f) * 128 ** (header - 1)
        if (tooLong()) return true
        const more = (byte & 0x80) !== 0 && header < 4
        header = more ? header + 1 : 0
        if (more) continue
        body = length
        topic = length > maxOtherBytes ? TOPIC_AT + prefix.length : 0
        if (body === 0) whole++
      }
      return false
    },
  }
}
