import { Readable } from 'node:stream'
import type { V1Pod } from '@kubernetes/client-node'
import { expect, it } from 'vitest'
import { podLog } from './pod-log.ts'

const second = (fraction: string) => `2026-01-02T03:04:05.${fraction}Z`
const pod: V1Pod = { metadata: { name: 'one-abc' }, spec: { nodeName: 'cloud', containers: [] } }

/** What is read of a log that is given in several connections, as often as they are. */
async function read(...connections: string[][]): Promise<string[]> {
  const leaving = new AbortController()
  const asked: unknown[] = []
  const client = {
    stream: async (_path: string, query: object) => {
      asked.push(query)
      const lines = connections[asked.length - 1] ?? []
      return Readable.from([lines.map((line) => `${line}\n`).join('')])
    },
  }
  const read: string[] = []
  const lines = podLog({
    client: client as never,
    pod,
    query: { name: 'one', namespace: 'openfaas-fn', follow: true },
    offlineSince: () => undefined,
    current: () => (asked.length < connections.length ? pod : undefined),
    signal: leaving.signal,
  })
  for await (const { text } of lines) read.push(text)
  return read
}

it('keeps every line of those that were written at the same time', async () => {
  expect(await read([`${second('1')} a`, `${second('1')} b`, `${second('2')} c`])).toEqual(['a', 'b', 'c'])
})

it('goes on where a connection broke off, with no line twice and none left out', async () => {
  const lines = [
    `${second('1')} a`,
    `${second('2')} b`,
    `${second('2')} b`,
    `${second('2')} c`,
    `${second('3')} d`,
  ]
  expect(await read(lines.slice(0, 3), lines.slice(0, 4), lines)).toEqual(['a', 'b', 'b', 'c', 'd'])
})
