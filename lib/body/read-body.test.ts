import { describe, expect, it } from 'vitest'
import { readBody } from './index.ts'

const limit = { what: 'the letter', maxBytes: 10, hint: 'write less' }

/** A body without an announced length, and how much of it was asked for. */
function endless(chunk: number) {
  const asked = { bytes: 0, cancelled: false }
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        asked.bytes += chunk
        controller.enqueue(new Uint8Array(chunk))
      },
      cancel() {
        asked.cancelled = true
      },
    },
    { highWaterMark: 0 }
  )
  return { asked, body }
}

describe('reading a body', () => {
  it('gives its bytes up to the limit', async () => {
    expect([...(await readBody(new Response('0123456789'), limit))]).toEqual([...Buffer.from('0123456789')])
    expect(await readBody(new Response(null), limit)).toHaveLength(0)
  })

  it('stops where the limit is, whether or not there is an end', async () => {
    const { asked, body } = endless(4)
    await expect(readBody(new Response(body), limit)).rejects.toMatchObject({
      code: 'TOO_LARGE',
      status: 413,
      message: 'the letter has more than 10 bytes',
      hint: 'write less',
    })
    expect(asked).toEqual({ bytes: 12, cancelled: true })
  })

  it('does not begin where more is announced', async () => {
    const { asked, body } = endless(4)
    const announced = new Response(body, { headers: { 'content-length': '11' } })
    await expect(readBody(announced, limit)).rejects.toMatchObject({ code: 'TOO_LARGE' })
    expect(asked).toEqual({ bytes: 0, cancelled: true })
  })

  it('blames nobody for a line that breaks', async () => {
    const body = new ReadableStream({ pull: (controller) => controller.error(new Error('line cut')) })
    await expect(readBody(new Response(body), limit)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: 'the letter broke off on its way: line cut',
    })
  })
})
