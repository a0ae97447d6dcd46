/**
 * For tests: a gateway with functions inside of this process, `one` to `eight`, which all say what they are asked.
 * @module
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { createTeardown } from '../lib/teardown/index.ts'
import { serveHttp } from '../lib/web-server/index.ts'
import { createGateway } from './app.ts'
import { type CallQueueOptions, openCallQueue } from './async/index.ts'
import { createAuthenticator } from './auth/index.ts'
import { readProfiles } from './placement/index.ts'
import type { Provider } from './provider.ts'
import { createLocalProvider, type LocalProviderOptions } from './providers/local/local.ts'

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url))
const NAMES = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight']

export interface LocalGateway {
  url: string
  credentials: { user: string; password: string }
  provider: Provider
  close(): Promise<void>
}

export async function openLocalGateway(
  more: Partial<LocalProviderOptions> = {},
  queue: Partial<CallQueueOptions> = {}
): Promise<LocalGateway> {
  const teardown = createTeardown()
  const directory = await mkdtemp(path.join(tmpdir(), 'edgeloop-gateway-'))
  teardown.add(() => rm(directory, { recursive: true, force: true }))
  const provider = await createLocalProvider({
    node: { name: 'cloud', labels: {} },
    directory,
    profiles: await readProfiles(here('../edge-profiles')),
    handlers: new Map(NAMES.map((name) => [name, here('echo.fixture.ts')])),
    environment: {},
    ...more,
  })
  teardown.add(() => provider.close())
  const credentials = { user: 'admin', password: 'secret' }
  const callQueue = await openCallQueue({ directory: path.join(directory, 'async'), ...queue })
  teardown.add(callQueue.close)
  const authenticator = createAuthenticator(credentials, 'edge-token')
  const gateway = createGateway(provider, { authenticator, callQueue })
  teardown.add(gateway.close)
  const { fetch, intercept } = gateway
  const server = await serveHttp({ fetch, intercept, host: '127.0.0.1', port: 0, name: 'the gateway' })
  teardown.add(() => server.close())
  return { url: server.url, credentials, provider, close: teardown.run }
}
