/**
 * The gateway as it is, before a provider that knows one function: credentials, metrics and tracing headers are on.
 * @module
 */
import { authenticatorFrom, createGateway, type FunctionStatus, type Provider } from '../../gateway/index.ts'
import { serveHttp } from '../../lib/web-server/index.ts'

const { PORT, ORIGIN, CREDENTIALS_DIR } = process.env
const status: FunctionStatus = {
  name: 'echo',
  image: 'echo',
  replicas: 1,
  availableReplicas: 1,
  invocationCount: 0,
  createdAt: new Date().toISOString(),
}
/** As much of a provider as invocations need. */
const provider = {
  name: 'edgeloop-bench',
  get: async () => status,
  origin: async () => {
    status.invocationCount++
    return ORIGIN
  },
} satisfies Partial<Provider> as unknown as Provider

const { fetch, intercept } = createGateway(provider, { authenticator: authenticatorFrom(CREDENTIALS_DIR) })
await serveHttp({ fetch, intercept, host: '127.0.0.1', port: Number(PORT), name: 'the gateway' })
