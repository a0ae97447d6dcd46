import { expect, it } from 'vitest'
import { z } from 'zod'
import { readNdjson, writeNdjson } from './index.ts'

const streamOf = (...pieces: string[]) => new Blob(pieces).stream() as ReadableStream<Uint8Array>
const number = z.object({ n: z.number() })

it('reads lines however they are cut', async () => {
  const read: number[] = []
  for await (const { n } of readNdjson(streamOf('{"n":', '1}\n\n{"n":2}\n{', '"n":3}'), number)) read.push(n)
  expect(read).toEqual([1, 2, 3])
})

it.each(['{"n":\n', '{"n":"x"}\n', 'x'.repeat(2_000_000)])('refuses what is no line: %.12s', async (text) => {
  await expect(readNdjson(streamOf(text), number).next()).rejects.toMatchObject({ code: 'BAD_GATEWAY' })
})

it('writes no faster than it is read, and stops when nobody reads', async () => {
  let made = 0
  async function* numbers() {
    for (;;) yield { n: made++ }
  }
  const leaving = new AbortController()
  const reader = writeNdjson(numbers(), leaving).getReader()
  expect(Buffer.from((await reader.read()).value!).toString()).toBe('{"n":0}\n')
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(made).toBe(1)
  await reader.cancel()
  expect(leaving.signal.aborted).toBe(true)
})
