import { afterAll, beforeAll, expect, it } from 'vitest'
import { serveHttp, type WebServer } from '../web-server/index.ts'
import { fetchPhoto, MAX_PHOTO_BYTES, photoHash } from './index.ts'

let server: WebServer
let sent = 0
const photo = Buffer.from('a photo')

beforeAll(async () => {
  const chunk = new Uint8Array(2 ** 20)
  const endless = () =>
    new ReadableStream({
      pull(controller) {
        sent += chunk.length
        if (sent > 4 * MAX_PHOTO_BYTES) controller.close()
        else controller.enqueue(chunk)
      },
    })
  server = await serveHttp({
    fetch: (request) => new Response(request.url.endsWith('/endless') ? endless() : photo),
    host: '127.0.0.1',
    port: 0,
    name: 'a photo store',
  })
})
afterAll(() => server.close())

const reference = (url: string) => ({
  url,
  hash: photoHash(photo),
  size: photo.length,
  mediaType: 'image/jpeg' as const,
})

it('fetches a photo, but nothing that is larger than one', async () => {
  expect([...(await fetchPhoto(reference(`${server.url}/photo`)))]).toEqual([...photo])
  await expect(fetchPhoto(reference(`${server.url}/endless`))).rejects.toMatchObject({
    code: 'TOO_LARGE',
    message: 'the photo has more than 33554432 bytes',
    hint: 'set a smaller size or a lower quality on the camera',
  })
  expect(sent).toBeLessThan(2 * MAX_PHOTO_BYTES)
})
