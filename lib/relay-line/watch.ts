import type { Http2Session } from 'node:http2'
import { EdgeloopError } from '../errors/index.ts'

export interface Watch {
  /** How often the line is looked at, in milliseconds. */
  everyMs?: number
  /** So many looks in a row without a byte from the other end, and the line is dead. */
  looks?: number
}

/** So many bytes in one look are more than pings, in bytes. */
const TRAFFIC = 1024

/**
 * Breaks a line off on which nothing comes any more: a cut cable says nothing, and TCP waits for minutes. It counts bytes
 * rather than answers, because an answer waits behind whatever large body is on its way; and looks rather than time,
 * because a process that was held up has not listened.
 *
 * Each silent look asks for a sign of life. So does one in which much has come: whoever sends a large body over a slow line
 * hears nothing else for long.
 *
 * @param received bytes that came from the other end so far
 */
export function watchLine(
  session: Http2Session,
  received: () => number,
  { everyMs = 1500, looks = 4 }: Watch = {}
): void {
  let seen = received()
  let silent = 0
  const timer = setInterval(() => {
    const now = received()
    const came = now - seen
    seen = now
    silent = came === 0 ? silent + 1 : 0
    if (silent >= looks) session.destroy(new EdgeloopError('UNAVAILABLE', 'the line is dead'))
    else if ((silent > 0 || came >= TRAFFIC) && !session.destroyed) session.ping(() => {})
  }, everyMs)
  session.once('close', () => clearInterval(timer))
}
