/**
 * For tests: a function that says what it was asked, and keeps what is sent to /keep until somebody gets it.
 * @module
 */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { createFunctionApp, type Environment } from '../lib/function/index.ts'

/** What happened to the function's environments, by their GREETING. */
export const lives: string[] = []

const app = createFunctionApp()

app.get('/status/:code', (c) => c.body(`status ${c.req.param('code')}`, Number(c.req.param('code')) as 200))
app.get('/moved', (c) => c.redirect('https://example.com/elsewhere', 302))
app.get('/environment', (c) => c.json({ greeting: c.env.GREETING ?? null }))
app.get('/slow', async (c) => {
  await new Promise((resolve) => setTimeout(resolve, Number(c.req.query('ms'))))
  return c.json({ greeting: c.env.GREETING ?? null })
})

app.get('/secret/:name', async (c) => {
  const directory = c.env.SECRETS_DIR || '/var/openfaas/secrets'
  return c.text(await readFile(path.join(directory, c.req.param('name')), 'utf8'))
})

app.all('/log/:line', (c) => {
  console.log(c.req.param('line'))
  return c.text('written')
})

/** Sends each piece back as soon as it comes. */
app.post('/stream', (c) => {
  const upper = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      controller.enqueue(new TextEncoder().encode(new TextDecoder().decode(chunk).toUpperCase()))
    },
  })
  return new Response(c.req.raw.body?.pipeThrough(upper))
})

app.all('*', async (c) => {
  const url = new URL(c.req.url)
  c.header('X-Echo', 'yes')
  return c.json({
    method: c.req.method,
    path: url.pathname,
    query: url.search,
    headers: Object.fromEntries(c.req.raw.headers),
    body: await c.req.text(),
  })
})

export async function start({ GREETING }: Environment): Promise<void> {
  if (GREETING === 'refuse') throw new Error('it does not want to')
  lives.push(`start ${GREETING}`)
}

export async function stop({ GREETING }: Environment): Promise<void> {
  lives.push(`stop ${GREETING}`)
}

export default app
