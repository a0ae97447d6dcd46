import type { Socket } from 'node:net'
import { type PacketLimits, watchPackets } from './packet-watch.ts'

export interface PacketGuardOptions extends PacketLimits {
  /** How much may be in memory of packets that are not whole yet, of all connections together, in bytes. */
  maxUnfinishedBytes: number
  /** How long a packet may take from its first byte to its last, in milliseconds. */
  maxPacketMs: number
  /** A connection is being closed for what it sends. */
  onClosed(socket: Socket, why: string): void
}

interface Unfinished {
  /** Which packet of its connection it is. */
  packet: number
  bytes: number
  timer: NodeJS.Timeout
}

/**
 * Bounds what the broker collects in memory before it knows who sends and what: closes connections whose packets
 * announce too much or take too long. Where all unfinished packets together are too much, the one that began first goes:
 * whoever dawdles must not keep the others out, and a device whose line is that slow comes again.
 *
 * @returns takes each connection before anything reads from it
 */
export function createPacketGuard(options: PacketGuardOptions): (socket: Socket) => void {
  const { maxUnfinishedBytes, maxPacketMs, onClosed } = options
  /** In the order in which the packets began. */
  const unfinished = new Map<Socket, Unfinished>()
  let total = 0

  function forget(socket: Socket): void {
    const packet = unfinished.get(socket)
    if (!packet) return
    clearTimeout(packet.timer)
    total -= packet.bytes
    unfinished.delete(socket)
  }

  function end(socket: Socket, why: string): void {
    forget(socket)
    onClosed(socket, why)
    socket.destroy()
  }

  function note(socket: Socket, packet: number, bytes: number): void {
    if (unfinished.get(socket)?.packet !== packet || bytes === 0) forget(socket)
    if (bytes === 0) return
    const known = unfinished.get(socket)
    total += bytes - (known?.bytes ?? 0)
    if (known) known.bytes = bytes
    else {
      const timer = setTimeout(() => end(socket, `a packet that took over ${maxPacketMs} ms`), maxPacketMs)
      unfinished.set(socket, { packet, bytes, timer })
    }
    for (const [slowest] of unfinished) {
      if (total <= maxUnfinishedBytes) return
      end(slowest, `the slowest of more than ${maxUnfinishedBytes} bytes of unfinished packets`)
    }
  }

  return (socket) => {
    const watch = watchPackets(options)
    const push = socket.push.bind(socket)
    // Everything that arrives comes through here, before any reader; a stream in between would cost a copy of its own.
    socket.push = (chunk: Uint8Array | null, encoding?: BufferEncoding) => {
      if (chunk === null) return push(chunk, encoding)
      if (watch.exceeds(chunk)) {
        end(socket, 'a packet over the limit')
        return false
      }
      note(socket, watch.whole, watch.unfinished)
      return !socket.destroyed && push(chunk, encoding)
    }
    socket.once('close', () => forget(socket))
  }
}
