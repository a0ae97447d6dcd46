import type { Http2Session, SessionOptions } from 'node:http2'

/** Bytes of one body that are on their way at a time: all that a body takes whose reader is slow. */
const STREAM_WINDOW = 512 * 1024
/** Bytes of all bodies that are on their way at a time: 8 MiB/s over a line with a second's delay. */
const LINE_WINDOW = 8 * 1024 * 1024
/** Of one connection's buffers, in MB. With the default of 10 a few large bodies at a time have new requests refused. */
const MAX_MEMORY_MB = 256
/** Signs of life that wait for an answer: each waits behind the body that is on its way. */
const MAX_PINGS = 1000

export const SETTINGS: SessionOptions = {
  maxSessionMemory: MAX_MEMORY_MB,
  maxOutstandingPings: MAX_PINGS,
  settings: { enablePush: false, initialWindowSize: STREAM_WINDOW, maxConcurrentStreams: 256 },
}

/** HTTP/2 begins with 64 KiB for all bodies together, which a line with some delay fills at once. */
export function widen(session: Http2Session): void {
  session.setLocalWindowSize(LINE_WINDOW)
}
