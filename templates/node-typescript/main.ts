/**
 * A function's container: serves the Hono app that `function/handler.ts` exports, until SIGTERM.
 * @module
 */
import handler, * as lifecycle from './function/handler.ts'
import { createFunctionServer, createMetrics, readSettings, watchMounts } from './server/index.ts'

/** What a handler may export beside its app. */
interface Lifecycle {
  start?(environment: NodeJS.ProcessEnv): Promise<void>
  stop?(environment: NodeJS.ProcessEnv): Promise<void>
}

const { start, stop } = lifecycle as Lifecycle
const settings = readSettings(process.env)
const metrics = createMetrics()
const { server, stop: stopServer } = createFunctionServer({
  fetch: (request) => handler.fetch(request, process.env),
  settings,
  metrics,
  vanished: await watchMounts(settings.secrets),
})
await start?.(process.env)
server.listen(settings.port, settings.host, () =>
  console.log(`listening at ${settings.host}:${settings.port}`)
)
if (settings.metricsPort > 0) metrics.server.listen(settings.metricsPort, settings.host)

process.once('SIGTERM', async () => {
  await stopServer()
  await stop?.(process.env)
  process.exit(0)
})
