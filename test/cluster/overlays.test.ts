/** What users apply, held against a real API server: the loop's own test applies an overlay of its own. */
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { type Cluster, startCluster } from './cluster.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const base = path.join(root, 'deploy/base/cloud')

let cluster: Cluster

beforeAll(async () => {
  cluster = await startCluster(path.join(root, '.cache/overlays'), 1)
  // Dry runs make neither namespaces nor kinds for what comes behind them.
  for (const file of ['namespaces', 'profile-crd'])
    await cluster.kubectl(['apply', '-f', path.join(base, `${file}.yml`)])
  await cluster.kubectl(['wait', '--for=condition=Established', 'crd/profiles.openfaas.com', '--timeout=30s'])
})
afterAll(() => cluster?.close(), 60_000)

interface Manifest {
  kind: string
  metadata: { name: string }
  spec?: {
    template?: { spec: { hostNetwork?: boolean; tolerations?: object[]; containers: { image: string }[] } }
  }
}

it.each(['edge-nodes', 'kubeedge'])('the overlay %s is what an API server takes', async (overlay) => {
  const text = await cluster.kubectl(['kustomize', path.join(root, 'deploy/overlays', overlay)])
  const taken = await cluster.kubectl(['apply', '--dry-run=server', '-f', '-'], text)
  const manifests = parseAllDocuments(text).map((document) => document.toJS() as Manifest)
  expect(taken.split('\n').filter((line) => / \(server dry run\)$/.test(line))).toHaveLength(manifests.length)
  const named = (kind: string, name: string) =>
    manifests.find((each) => each.kind === kind && each.metadata.name === name)?.spec?.template?.spec
  expect(named('DaemonSet', 'agent')).toMatchObject({
    hostNetwork: true,
    tolerations: [{ operator: 'Exists' }],
  })
  for (const [kind, name] of [
    ['Deployment', 'gateway'],
    ['Deployment', 'trainer'],
    ['StatefulSet', 'connector'],
  ] as const)
    expect(named(kind, name)!.containers.map(({ image }) => image)).toEqual(['registry.local/edgeloop:0.1.0'])
})
