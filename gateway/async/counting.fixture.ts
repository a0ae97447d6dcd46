/**
 * For tests: a function that counts which calls it was asked to carry out, and answers after a moment.
 * @module
 */
import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { createFunctionApp } from '../../lib/function/index.ts'

/** By call id: how often, and the SHA-256 of what came. */
export const deliveries = new Map<string, { times: number; hash: string }>()

const app = createFunctionApp()

app.post('/', async (c) => {
  const callId = c.req.header('x-call-id')!
  const hash = createHash('sha256')
    .update(Buffer.from(await c.req.arrayBuffer()))
    .digest('hex')
  const { times } = deliveries.get(callId) ?? { times: 0 }
  deliveries.set(callId, { times: times + 1, hash })
  await sleep(20)
  return c.text('done')
})

export default app
