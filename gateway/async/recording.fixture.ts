/**
 * For tests: a function that keeps what it is asked, and answers what the path says: `/CODE,CODE,…`, one after the other
 * and the last one from then on.
 * @module
 */
import { createFunctionApp } from '../../lib/function/index.ts'

export interface Recorded {
  callId: string
  method: string
  target: string
  headers: Record<string, string>
  body: Buffer
  at: number
}

export const recorded: Recorded[] = []

const app = createFunctionApp()

app.all('*', async (c) => {
  const { pathname, search } = new URL(c.req.url)
  const body = Buffer.from(await c.req.arrayBuffer())
  const callId = c.req.header('x-call-id') ?? ''
  const before = recorded.filter((one) => one.callId === callId).length
  const headers = Object.fromEntries(c.req.raw.headers)
  recorded.push({ callId, method: c.req.method, target: pathname + search, headers, body, at: Date.now() })
  const codes = pathname.slice(1).split(',').map(Number)
  const code = codes[Math.min(before, codes.length - 1)]
  c.header('X-Answer', 'yes')
  return c.body(`heard ${body.length} bytes`, (code || 200) as 200)
})

export default app
