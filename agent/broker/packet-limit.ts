import type { Socket } from 'node:net'

/**
 * Watches the lengths that MQTT packets announce, before anything is collected in memory. A fixed header is one byte of
 * type and one to four of remaining length, seven bits each, the lowest first. MQTT 3.1.1, section 2.2.
 *
 * @returns takes what arrives, in order; true once a packet announces more than `maxBytes`
 */
export function packetWatch(maxBytes: number): (chunk: Uint8Array) => boolean {
  /** Bytes of the present packet's body that are still to come. */
  let body = 0
  /** Where in the fixed header we are: 0 before the type, then the length's bytes. */
  let header = 0
  let length = 0

  return (chunk) => {
    for (let at = 0; at < chunk.length; ) {
      if (body > 0) {
        const passed = Math.min(body, chunk.length - at)
        body -= passed
        at += passed
        continue
      }
      const byte = chunk[at++]!
      if (header === 0) {
        header = 1
        length = 0
        continue
      }
      length += (byte & 0x7f) * 128 ** (header - 1)
      if (length > maxBytes) return true
      const more = (byte & 0x80) !== 0 && header < 4
      header = more ? header + 1 : 0
      if (!more) body = length
    }
    return false
  }
}

/** Ends a connection whose packets announce more than `maxBytes`, and says so. */
export function limitPackets(socket: Socket, maxBytes: number, onExceeded: () => void): void {
  const exceeds = packetWatch(maxBytes)
  const push = socket.push.bind(socket)
  // Everything that arrives comes through here, before any reader; a stream in between would cost a copy of its own.
  socket.push = (chunk: Uint8Array | null, encoding?: BufferEncoding) => {
    if (chunk === null || !exceeds(chunk)) return push(chunk, encoding)
    onExceeded()
    socket.destroy()
    return false
  }
}
