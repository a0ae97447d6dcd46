import { expect, it } from 'vitest'
import { endToEnd } from './index.ts'

it('leaves out what belongs to the connection, and what it names', () => {
  const headers = new Headers({
    connection: 'keep-alive, X-Mine, not a name',
    'keep-alive': 'timeout=5',
    'transfer-encoding': 'chunked',
    'x-mine': '1',
    'x-yours': '2',
    cookie: 'a=b; c=d',
  })
  headers.append('set-cookie', 'a=b')
  headers.append('set-cookie', 'c=d')
  const rest = endToEnd(headers)
  expect([...rest.keys()].sort()).toEqual(['cookie', 'set-cookie', 'set-cookie', 'x-yours'])
  expect(rest.getSetCookie()).toEqual(['a=b', 'c=d'])
  expect(headers.has('connection')).toBe(true)
})
