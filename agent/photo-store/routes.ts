import { Readable } from 'node:stream'
import { Hono } from 'hono'
import { asEdgeloopError } from '../../lib/errors/index.ts'
import { mediaTypeOf } from './media-type.ts'
import type { PhotoStore } from './photo-store.ts'

/** `GET /photos/:hash`: the photo itself, which never changes under its name. Errors are EdgeloopError JSON. */
export function createPhotoRoutes(store: PhotoStore): Hono {
  const app = new Hono()
  app.onError((thrown, context) => {
    const error = asEdgeloopError(thrown)
    return context.json(error.toJSON(), error.status)
  })
  app.get('/photos/:hash', async (context) => {
    const hash = context.req.param('hash')
    const { size, stream } = await store.stream(hash)
    const etag = `"${hash}"`
    const headers = { 'Cache-Control': 'public, max-age=31536000, immutable', ETag: etag }
    if (context.req.header('If-None-Match') === etag) {
      stream.destroy()
      return context.body(null, 304, headers)
    }
    const start = await firstBytes(stream)
    // Hono answers HEAD with this route and drops the body, which nobody would close.
    if (context.req.method === 'HEAD') stream.destroy()
    const body = stream.destroyed ? null : (Readable.toWeb(stream) as ReadableStream)
    const found = {
      ...headers,
      'Content-Type': mediaTypeOf(start) ?? 'application/octet-stream',
      'Content-Length': String(size),
      // Devices decide what the bytes are: no browser may take them for a page.
      'X-Content-Type-Options': 'nosniff',
    }
    return new Response(body, { status: 200, headers: found })
  })
  return app
}

/** Looks at the start of a stream and puts it back. */
async function firstBytes(stream: Readable): Promise<Uint8Array> {
  await new Promise<void>((resolve, reject) => {
    stream.once('readable', resolve)
    stream.once('end', resolve)
    stream.once('error', reject)
  })
  const start: Buffer | null = stream.read()
  if (!start) return new Uint8Array()
  stream.unshift(start)
  return start
}
