import { randomBytes } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { createTeardown } from '../../lib/teardown/index.ts'
import type { Platform } from '../../platform/index.ts'
import { buildImages } from './build-images.ts'
import { type Cluster, startCluster } from './cluster.ts'
import type { Credentials } from './gateway-client.ts'
import { type S3Server, startS3 } from './s3-server.ts'
import { clusterPlatform } from './site.ts'

const overlay = fileURLToPath(new URL('../../deploy/overlays/test', import.meta.url))

/** As deploy/overlays/test says. */
const S3_PORT = 7070
const BUCKET = 'edgeloop'
/** The tag of stack.yml, and one to update to. */
export const TAGS = ['0.1.0', '0.1.1'] as const

/** Edgeloop on a real Kubernetes with a real S3 server, with no function deployed. */
export interface Site {
  cluster: Cluster
  s3: S3Server
  platform: Platform
  credentials: Credentials
  close(): Promise<void>
}

/** @param state where everything is kept; at most 60 characters */
export async function openSite(state: string, edges: number, say: (line: string) => void): Promise<Site> {
  const teardown = createTeardown()
  try {
    await rm(path.join(state, 's3'), { recursive: true, force: true })
    await mkdir(state, { recursive: true })
    say('building images, S3 server and cluster')
    const archive = await buildImages(path.join(state, 'images'), TAGS)
    const s3 = await startS3(path.join(state, 's3'), S3_PORT, BUCKET)
    teardown.add(s3.close)
    const cluster = await startCluster(path.join(state, 'kube'), edges)
    teardown.add(cluster.close)
    say('loading images')
    await cluster.loadImages(archive)
    const credentials = { user: 'admin', password: randomBytes(12).toString('hex') }
    const edgeToken = randomBytes(16).toString('hex')
    await install(cluster, s3, credentials, edgeToken)
    say('waiting for the gateway')
    for (const workload of ['deployment/gateway', 'statefulset/connector', 'deployment/trainer'])
      await cluster.kubectl(['-n', 'edgeloop', 'rollout', 'status', workload, '--timeout=120s'])
    const platform = await clusterPlatform(cluster, s3.store, edges, edgeToken)
    teardown.add(platform.dispose)
    return { cluster, s3, platform, credentials, close: teardown.run }
  } catch (error) {
    await teardown.run()
    throw error
  }
}

/** What docs/deploy.md tells people to do. */
async function install(
  cluster: Cluster,
  s3: S3Server,
  { user, password }: Credentials,
  edgeToken: string
): Promise<void> {
  await cluster.kubectl(['apply', '-f', path.join(overlay, '../../base/cloud/namespaces.yml')])
  const s3Keys = { 's3-access-key-id': s3.accessKeyId, 's3-secret-access-key': s3.secretAccessKey }
  await secret(cluster, 'edgeloop', {
    'basic-auth-user': user,
    'basic-auth-password': password,
    'edge-token': edgeToken,
  })
  await secret(cluster, 'edgeloop-s3', s3Keys)
  await secret(cluster, 'edgeloop-edge', { 'edge-token': edgeToken, ...s3Keys })
  // The profiles' kind has to be known before they are.
  await cluster.kubectl(['apply', '-f', path.join(overlay, '../../base/cloud/profile-crd.yml')])
  await cluster.kubectl(['wait', '--for=condition=Established', 'crd/profiles.openfaas.com', '--timeout=30s'])
  await cluster.kubectl(['apply', '-k', overlay])
}

async function secret(
  cluster: Cluster,
  name: string,
  values: Readonly<Record<string, string>>
): Promise<void> {
  const literals = Object.entries(values).map(([key, value]) => `--from-literal=${key}=${value}`)
  await cluster.kubectl(['-n', 'edgeloop', 'create', 'secret', 'generic', name, ...literals])
}
