import { Readable } from 'node:stream'
import { type Context, Hono } from 'hono'
import { asEdgeloopError, EdgeloopError } from '../../lib/errors/index.ts'
import { mediaTypeOf } from './media-type.ts'
import type { PhotoStore } from './photo-store.ts'

/**
 * `GET /photos/:hash`: the photo itself, which never changes under its name. Errors are EdgeloopError JSON.
 * @param mayRead whether a request comes from somebody who may see photos; anybody else gets a 401
 */
export function createPhotoRoutes(
  store: PhotoStore,
  mayRead: (context: Context) => boolean = () => true
): Hono {
  const app = new Hono()
  app.onError((thrown, context) => {
    const error = asEdgeloopError(thrown)
    return context.json(error.toJSON(), error.status)
  })
  app.get('/photos/:hash', async (context) => {
    if (!mayRead(context))
      throw new EdgeloopError('UNAUTHENTICATED', 'photos are for this node', {
        where: context.req.path.slice(0, 100),
        hint: 'Ask from the node itself, or with the edge token: Authorization: Bearer TOKEN.',
      })
    const hash = context.req.param('hash')
    const { size, stream } = await store.stream(hash)
    const etag = `"${hash}"`
    const headers = { 'Cache-Control': 'private, max-age=31536000, immutable', ETag: etag }
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
