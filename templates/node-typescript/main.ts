/**
 * Serves a function's Hono app in its container, and answers what of-watchdog answers: `/_/health` and `/_/ready`, at
 * `HOST` and `PORT`. SIGTERM lets requests that began finish.
 * @module
 */
import { access, constants, readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import handler, * as lifecycle from './function/handler.ts'

/** What a handler may export beside its app. */
interface Lifecycle {
  start?(environment: NodeJS.ProcessEnv): Promise<void>
  stop?(environment: NodeJS.ProcessEnv): Promise<void>
}

const { start, stop } = lifecycle as Lifecycle
const secrets = process.env.SECRETS_DIR || '/var/openfaas/secrets'
// What begins with two dots is how Kubernetes swaps them, and changes with each new value.
const mounted = (await readdir(secrets).catch(() => [])).filter((name) => !name.startsWith('..'))
let stopping = false

/**
 * When KubeEdge's edgecore restarts alone, running pods lose their secrets and their /tmp without noticing; a restart of
 * the container brings them back, and a health check that fails brings the restart.
 */
async function vanished(): Promise<string | undefined> {
  const needed = [tmpdir(), ...mounted.map((name) => path.join(secrets, name))]
  for (const file of needed) {
    const there = await access(file, file === tmpdir() ? constants.W_OK : constants.R_OK).then(
      () => true,
      () => false
    )
    if (!there) return file
  }
  return undefined
}

async function health(): Promise<Response> {
  if (stopping) return new Response('stopping', { status: 503 })
  const missing = await vanished()
  return missing ? new Response(`${missing} has vanished`, { status: 503 }) : new Response('OK')
}

const app = new Hono()
// A connection that stays open would be used for a request that nobody takes any more.
app.use(async (c, next) => {
  await next()
  if (stopping) c.header('Connection', 'close')
})
app.get('/_/health', health)
app.get('/_/ready', health)
app.all('*', (c) => handler.fetch(c.req.raw, process.env))

await start?.(process.env)
const server = serve({
  fetch: app.fetch,
  hostname: process.env.HOST || '0.0.0.0',
  port: Number(process.env.PORT || 8080),
})

process.once('SIGTERM', () => {
  stopping = true
  server.close(async () => {
    await stop?.(process.env)
    process.exit(0)
  })
})
