import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { KubeConfig } from '@kubernetes/client-node'
import { afterEach, expect, it } from 'vitest'
import { createKubernetesClient, type KubernetesClient } from '../../../lib/kubernetes/index.ts'
import { usageOf } from './usage.ts'

let close: () => void
afterEach(() => close())

/** An API server that has this to say about every pod. */
async function answering(status: number, body: object): Promise<KubernetesClient> {
  const server = createServer((_request, response) => response.writeHead(status).end(JSON.stringify(body)))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const config = new KubeConfig()
  const cluster = { name: 'test', server: `http://127.0.0.1:${port}`, skipTLSVerify: true }
  config.loadFromClusterAndUser(cluster, { name: 'test' })
  const client = createKubernetesClient(config)
  close = () => {
    client.close()
    server.close()
  }
  return client
}

it('adds up what the pods of a function use', async () => {
  const usage = (cpu: string, memory: string) => ({ containers: [{ usage: { cpu, memory } }] })
  const items = [usage('250m', '100Mi'), usage('1500000n', '1024Ki')]
  const client = await answering(200, { items, metadata: {} })
  const { cpu, totalMemoryBytes } = (await usageOf(client, 'openfaas-fn', 'fn'))!
  expect([cpu, totalMemoryBytes]).toEqual([expect.closeTo(0.2515, 6), 101 * 2 ** 20])
})

it.each([404, 503])('says nothing in a cluster that does not measure (%i)', async (status) => {
  expect(await usageOf(await answering(status, {}), 'openfaas-fn', 'fn')).toBeUndefined()
})
