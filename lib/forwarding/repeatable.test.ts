import { expect, it } from 'vitest'
import { isRepeatable } from './index.ts'

it.each<[string, Record<string, string>, boolean]>([
  ...['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'TRACE'].map(
    (method): [string, Record<string, string>, boolean] => [method, {}, true]
  ),
  ['POST', {}, false],
  ['PATCH', {}, false],
  ['BREW', {}, false],
  ['get', {}, false],
  ['POST', { 'Ce-Id': '1' }, true],
  ['PATCH', { 'Idempotency-Key': '1' }, true],
  ['POST', { 'Ce-Type': 'x', 'X-Call-Id': '1' }, false],
])('%s with %o: %s', (method, init, expected) => {
  const headers = new Headers(init)
  expect(isRepeatable(method, (name) => headers.has(name))).toBe(expected)
})
