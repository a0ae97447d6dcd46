import { expect, it } from 'vitest'
import { endsWithItsHead, isWithoutBody } from './index.ts'

it.each([
  ['GET', 200, false, false],
  ['POST', 201, false, false],
  ['HEAD', 200, true, true],
  ['HEAD', 404, true, true],
  ['GET', 103, true, true],
  ['GET', 204, true, true],
  ['GET', 205, false, true],
  ['GET', 304, true, true],
  ['GET', 404, false, false],
])(
  'an answer to %s with %i: ends with its head %s, is without a body %s',
  (method, status, ends, without) => {
    expect([endsWithItsHead(method, status), isWithoutBody(method, status)]).toEqual([ends, without])
    if (status >= 200 && method !== 'HEAD') {
      const make = () => new Response('x', { status })
      if (without) expect(make).toThrow()
      else expect(make).not.toThrow()
    }
  }
)
