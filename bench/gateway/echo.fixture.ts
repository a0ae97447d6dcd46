/**
 * The function under test: says what it hears, a small body in one piece, a large one as it comes.
 * @module
 */
import { createFunctionApp } from '../../lib/function/index.ts'

const SMALL = 64 * 1024

const app = createFunctionApp()
app.post('*', async (c) => {
  const isSmall = Number(c.req.header('content-length') ?? Number.POSITIVE_INFINITY) <= SMALL
  return new Response(isSmall ? await c.req.arrayBuffer() : c.req.raw.body)
})

export default app
