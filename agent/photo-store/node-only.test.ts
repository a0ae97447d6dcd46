import { networkInterfaces } from 'node:os'
import { expect, it } from 'vitest'
import { isFromThisNode } from './node-only.ts'

const own = Object.values(networkInterfaces()).flatMap((all) => all?.map(({ address }) => address) ?? [])

it.each([
  '127.0.0.1',
  '127.8.9.10',
  '::1',
  '::ffff:127.0.0.1',
  ...own,
  ...own.filter((address) => address.includes('.')).map((address) => `::ffff:${address}`),
])('%s is this node', (address) => {
  expect(isFromThisNode(address)).toBe(true)
})

it.each(['192.0.2.7', '::ffff:192.0.2.7', '2001:db8::7', 'fe80::7%eth0', '', '127', undefined])(
  '%s is not',
  (address) => {
    expect(isFromThisNode(address)).toBe(false)
  }
)
