/**
 * Serves a function's Hono app in its container, and answers what of-watchdog answers: `/_/health` and `/_/ready`, on
 * the port given by `PORT`. SIGTERM lets requests that began finish.
 * @module
 */
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import handler, * as lifecycle from './function/handler.ts'

/** What a handler may export beside its app. */
interface Lifecycle {
  start?(environment: NodeJS.ProcessEnv): Promise<void>
  stop?(environment: NodeJS.ProcessEnv): Promise<void>
}

const { start, stop } = lifecycle as Lifecycle
let stopping = false

const app = new Hono()
const health = () => (stopping ? new Response('stopping', { status: 503 }) : new Response('OK'))
app.get('/_/health', health)
app.get('/_/ready', health)
app.all('*', (c) => handler.fetch(c.req.raw, process.env))

await start?.(process.env)
const server = serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 8080) })

process.once('SIGTERM', () => {
  stopping = true
  server.close(async () => {
    await stop?.(process.env)
    process.exit(0)
  })
})
