/**
 * One of the functions as its container runs it, without having been bundled: `HANDLER` names its file.
 * @module
 */
import {
  createFunctionServer,
  createMetrics,
  readSettings,
} from '../../templates/node-typescript/server/index.ts'

const handler = await import(process.env.HANDLER!)
const settings = readSettings(process.env)
const { server } = createFunctionServer({
  fetch: (request) => handler.default.fetch(request, process.env),
  settings,
  metrics: createMetrics(),
  vanished: async () => undefined,
})
await handler.start?.(process.env)
server.listen(settings.port, settings.host)
