/** What belongs to one connection and not to the message. RFC 9110, 7.6.1. */
const OF_THE_CONNECTION: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** What `Connection` cannot take out of a message: where its body ends, and whom it is for. */
const OF_THE_MESSAGE: ReadonlySet<string> = new Set(['content-length', 'host'])

/**
 * Whether a header stays behind when a message is passed on. RFC 9110, 7.6.1.
 *
 * @param name in lower case
 * @param connection what the message's `Connection` header says, which may name others
 */
export function isOfTheConnection(name: string, connection: string | null | undefined): boolean {
  if (OF_THE_CONNECTION.has(name)) return true
  // Nearly always `keep-alive` or `close`, which name no header.
  if (!connection || connection === 'keep-alive' || connection === 'close') return false
  // Without its length, a body would be taken for the next request.
  if (OF_THE_MESSAGE.has(name)) return false
  return connection
    .toLowerCase()
    .split(',')
    .some((option) => option.trim() === name)
}
