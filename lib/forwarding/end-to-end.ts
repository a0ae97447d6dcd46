import { isOfTheConnection } from './of-the-connection.ts'

/** What the next hop decides anew. */
const OF_THE_HOP: ReadonlySet<string> = new Set(['host', 'expect'])

/** The headers that go on to the next hop: without those of this connection, and without those of this hop. */
export function endToEnd(headers: Headers): Headers {
  const rest = new Headers(headers)
  const connection = headers.get('connection')
  for (const name of headers.keys())
    if (OF_THE_HOP.has(name) || isOfTheConnection(name, connection)) rest.delete(name)
  return rest
}
