import { readFile } from 'node:fs/promises'
import { Hono } from 'hono'
import { secureHeaders } from 'hono/secure-headers'

/** Beside this module, and beside what it is bundled into. */
const folder = new URL('label.page/', import.meta.url)

const FILES: Readonly<Record<string, { file: string; type: string }>> = {
  '/label': { file: 'index.html', type: 'text/html; charset=utf-8' },
  '/label/label.css': { file: 'label.css', type: 'text/css; charset=utf-8' },
  ...Object.fromEntries(
    ['label.js', 'api.js', 'keys.js', 'photos.js', 'session.js'].map((file) => [
      `/label/${file}`,
      { file, type: 'text/javascript; charset=utf-8' },
    ])
  ),
}

/**
 * `GET /label`: the page on which people label photos, with its script and style. It holds nothing that is secret, and asks
 * this server for everything else, with the token of whoever uses it.
 */
export function createLabelPage(): Hono {
  const app = new Hono()
  const headers = secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      connectSrc: ["'self'"],
      imgSrc: ['blob:'],
      baseUri: ["'none'"],
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
      requireTrustedTypesFor: ["'script'"],
    },
    referrerPolicy: 'no-referrer',
    // Edges speak HTTP, on names and addresses that other things have, too.
    strictTransportSecurity: false,
  })
  for (const [path, { file, type }] of Object.entries(FILES))
    app.get(path, headers, async (c) => {
      const content = await readFile(new URL(file, folder))
      return c.body(content, 200, { 'Content-Type': type, 'Cache-Control': 'no-cache' })
    })
  return app
}
