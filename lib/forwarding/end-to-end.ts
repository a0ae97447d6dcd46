/** What belongs to one connection and not to the message, and what the next hop decides anew. */
const OF_THE_CONNECTION = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
  'host',
]

/**
 * The headers that go on to the next hop: without those of this connection, and without those that `Connection` names.
 * RFC 9110, section 7.6.1.
 */
export function endToEnd(headers: Headers): Headers {
  const rest = new Headers(headers)
  const named = headers.get('connection')?.split(',') ?? []
  for (const name of [...OF_THE_CONNECTION, ...named.map((one) => one.trim())])
    if (TOKEN.test(name)) rest.delete(name)
  return rest
}

/** A header's name; anything else would be refused by `Headers`. */
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/
