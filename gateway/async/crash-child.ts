/**
 * What async.crash.test.ts kills: a gateway whose functions run behind another one.
 * @module
 */
import { runService } from '../../lib/service/index.ts'
import { serveHttp } from '../../lib/web-server/index.ts'
import { createGateway } from '../app.ts'
import { createRemoteProvider } from '../providers/remote/remote.ts'
import { openCallQueue } from './index.ts'

const [directory, gateway, port] = process.argv.slice(2) as [string, string, string]

await runService(async () => {
  const provider = createRemoteProvider({
    gateway,
    authorization: 'Bearer edge-token',
    directory,
  })
  const callQueue = await openCallQueue({ directory: `${directory}/async` })
  const { fetch, intercept } = createGateway(provider, { callQueue })
  const server = await serveHttp({
    fetch,
    intercept,
    host: '127.0.0.1',
    port: Number(port),
    name: 'the gateway',
  })
  return { ready: { url: server.url }, close: server.close }
})
