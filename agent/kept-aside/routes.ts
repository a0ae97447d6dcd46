import { Hono } from 'hono'
import type { KeptAside } from './kept-aside.ts'

/** `GET /kept-aside`: the messages, the latest first, with the beginning of each in base64. */
export function createKeptAsideRoutes(kept: KeptAside): Hono {
  return new Hono().get('/kept-aside', (context) => {
    const messages = kept
      .list()
      .map(({ head, ...one }) => ({ ...one, head: Buffer.from(head).toString('base64') }))
    return context.json({ count: kept.count(), messages })
  })
}
