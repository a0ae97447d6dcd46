import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { KubeConfig, type V1Pod, type V1PodSpec } from '@kubernetes/client-node'
import { execa } from 'execa'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { createKubernetesClient, kubeConfigFrom } from '../../../lib/kubernetes/index.ts'
import type { Deployment } from '../../../lib/stack/index.ts'
import { serveHttp } from '../../../lib/web-server/index.ts'
import { buildFunctionImages } from '../../../test/cluster/build-images.ts'
import { type Cluster, startCluster } from '../../../test/cluster/cluster.ts'
import { type JobSettings, jobObject } from '../../../trainer/index.ts'
import { openCallQueue } from '../../async/index.ts'
import { createAuthenticator } from '../../auth/index.ts'
import { gatewayContract } from '../../gateway.contract.ts'
import { createGateway } from '../../index.ts'
import { providerContract } from '../../provider.contract.ts'
import type { LogLine, LogQuery, Provider } from '../../provider.ts'
import { startAdmission } from './admission.fixture.ts'
import { createKubernetesProvider, type KubernetesProviderOptions } from './index.ts'

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url))
const state = here('../../../.cache/provider')
const NAMESPACE = 'openfaas-fn'
const IMAGES = ['registry.local/echo:1', 'registry.local/echo:2']

let cluster: Cluster
/** The gateway's own service account: what its rights do not suffice for fails here. */
let account: KubeConfig

beforeAll(async () => {
  const echo = here('../../echo.fixture.ts')
  const archive = await buildFunctionImages(
    path.join(state, 'images'),
    Object.fromEntries(IMAGES.map((image) => [image, echo]))
  )
  cluster = await startCluster(path.join(state, 'kube'), 2)
  await cluster.loadImages(archive)
  const policies = ['node-labels-policy', 'namespaces-policy', 'workloads-policy', 'jobs-policy']
  const objects = ['namespaces', 'profile-crd', 'gateway-rbac', 'trainer-rbac', ...policies]
  for (const file of objects)
    await cluster.kubectl(['apply', '-f', here(`../../../deploy/base/cloud/${file}.yml`)])
  await cluster.kubectl(['wait', '--for=condition=Established', 'crd/profiles.openfaas.com', '--timeout=30s'])
  await cluster.kubectl(['apply', '-f', '-'], profiles)
  const token = await cluster.kubectl(['-n', 'edgeloop', 'create', 'token', 'gateway', '--duration=2h'])
  account = new KubeConfig()
  const server = kubeConfigFrom(cluster.environment).getCurrentCluster()!
  account.loadFromClusterAndUser(server, { name: 'gateway', token })
}, 600_000)
afterAll(() => cluster?.close(), 60_000)

/** As edge-profiles/ has them, without what the agent has to put on the node first. */
const profiles = `
apiVersion: openfaas.com/v1
kind: Profile
metadata:
  name: edge
  namespace: edgeloop
  annotations: { edgeloop.dev/workload: DaemonSet, edgeloop.dev/network: host }
spec:
  affinity:
    nodeAffinity:
      requiredDuringSchedulingIgnoredDuringExecution:
        nodeSelectorTerms: [{ matchExpressions: [{ key: node-role.kubernetes.io/edge, operator: Exists }] }]
  tolerations: [{ operator: Exists }]
---
apiVersion: openfaas.com/v1
kind: Profile
metadata: { name: cloud, namespace: edgeloop }
spec:
  affinity:
    nodeAffinity:
      requiredDuringSchedulingIgnoredDuringExecution:
        nodeSelectorTerms: [{ matchExpressions: [{ key: node-role.kubernetes.io/edge, operator: DoesNotExist }] }]
---
apiVersion: openfaas.com/v1
kind: Profile
metadata: { name: tenth, namespace: edgeloop }
spec: { resources: { limits: { cpu: 100m } } }
---
apiVersion: openfaas.com/v1
kind: Profile
metadata: { name: sandboxed, namespace: edgeloop }
spec: { runtimeClassName: sandbox }
`

const echo = (service: string, more: Partial<Deployment> = {}): Deployment => ({
  service,
  image: IMAGES[0]!,
  ...more,
})

function open(more: Partial<KubernetesProviderOptions> = {}): Promise<Provider> {
  const client = createKubernetesClient(account)
  return createKubernetesProvider({ client, profilesNamespace: 'edgeloop', ...more })
}

/** Kubernetes takes a moment to do what a deploy asks for. */
async function settled(provider: Provider, name: string): Promise<void> {
  await vi.waitFor(
    async () => {
      const found = await provider.get(name)
      expect(found?.status ?? 'done').toMatch(/^(done|(\d+) of \2 \w+ updated)$/)
      expect(found?.availableReplicas).toBe(found?.replicas)
    },
    { timeout: 60_000, interval: 50 }
  )
}

function waiting(provider: Provider): Provider {
  return {
    ...provider,
    async deploy(deployment) {
      await provider.deploy(deployment)
      await settled(provider, deployment.service)
    },
  }
}

/** Pods that are to end take their time, which the next test need not wait for. */
async function clear(provider: Provider): Promise<void> {
  for (const { name } of await provider.list()) await provider.remove(name)
  await cluster.kubectl([
    '-n',
    NAMESPACE,
    'delete',
    'pods',
    '--all',
    '--grace-period=0',
    '--force',
    '--wait=false',
  ])
}

providerContract('kubernetes', async () => {
  let provider = await open()
  return {
    provider: waiting(provider),
    echo,
    async reopen() {
      provider = await open()
      return waiting(provider)
    },
    async close() {
      const last = await open()
      await clear(last)
      await last.close()
      await provider.close()
    },
  }
})

gatewayContract('kubernetes', async () => {
  const provider = await open()
  const credentials = { user: 'admin', password: 'secret' }
  const directory = await mkdtemp(path.join(tmpdir(), 'edgeloop-async-'))
  const callQueue = await openCallQueue({ directory })
  const authenticator = createAuthenticator(credentials)
  const gateway = createGateway(waiting(provider), { authenticator, callQueue })
  const { fetch, intercept } = gateway
  const server = await serveHttp({ fetch, intercept, host: '127.0.0.1', port: 0, name: 'the gateway' })
  return {
    url: server.url,
    credentials,
    echo,
    async close() {
      await server.close()
      await gateway.close()
      await callQueue.close()
      await rm(directory, { recursive: true })
      await clear(provider)
      await provider.close()
    },
  }
})

describe.sequential('the kubernetes provider', () => {
  let provider: Provider

  beforeAll(async () => {
    provider = waiting(await open())
  }, 60_000)
  afterEach(() => clear(provider))
  afterAll(() => provider?.close())

  const ask = (name: string, route = '/', init?: RequestInit) =>
    provider.invoke(name, new Request(`http://${name}${route}`, init))
  const atEdges = (more: Record<string, string> = {}) => ({
    annotations: { 'com.openfaas.profile': 'edge', 'edgeloop.dev/host-network': 'ok', ...more },
  })
  /** Asks from inside a node's network. */
  const askOn = async (node: string, url: string) => {
    const script = `fetch(${JSON.stringify(url)}).then(async (r) => console.log(r.status, await r.text()))`
    const [command, ...args] = [...cluster.inside(node), process.execPath, '-e', script]
    const { stdout, stderr } = await execa(command!, args, { reject: false })
    return stdout || stderr
  }
  const podsOf = async (name: string): Promise<V1Pod[]> =>
    JSON.parse(
      await cluster.kubectl(['-n', NAMESPACE, 'get', 'pods', '-l', `faas_function=${name}`, '-o', 'json'])
    ).items
  const living = async (name: string) =>
    (await podsOf(name)).filter(({ metadata }) => !metadata!.deletionTimestamp)
  const nodesOf = async (name: string) => (await living(name)).map(({ spec }) => spec!.nodeName!).sort()
  const eventually = <T>(check: () => T | Promise<T>, timeout = 30_000) =>
    vi.waitFor(check, { timeout, interval: 100 })
  const value = (text: string) => new TextEncoder().encode(text)

  it('gives a pod no more than it needs', async () => {
    await provider.secrets.create({ name: 'key', value: value('the key\n') })
    await provider.deploy(echo('one', { secrets: ['key'], envProcess: 'node main.js' }))
    const [pod] = await living('one')
    const script = `
      const fs = require('fs')
      const attempt = (what) => { try { return what() ?? 'done' } catch (error) { return error.code } }
      console.log(JSON.stringify({
        user: [process.getuid(), process.getgid()],
        root: attempt(() => fs.writeFileSync('/file', '')),
        tmp: attempt(() => fs.writeFileSync('/tmp/file', '')),
        key: fs.readFileSync('/var/openfaas/secrets/key', 'utf8'),
        keyWritten: attempt(() => fs.writeFileSync('/var/openfaas/secrets/key', '')),
        token: fs.existsSync('/var/run/secrets/kubernetes.io'),
        services: Object.keys(process.env).filter((name) => name.includes('SERVICE') && !name.startsWith('KUBERNETES')),
        capabilities: /CapBnd:\\s*(\\w+)/.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1],
        seccomp: /Seccomp:\\s*(\\d)/.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1],
        fprocess: process.env.fprocess,
      }))`
    const exec = ['-n', NAMESPACE, 'exec', pod!.metadata!.name!, '--', process.execPath, '-e', script]
    expect(JSON.parse(await cluster.kubectl(exec))).toEqual({
      user: [12000, 12000],
      root: 'EROFS',
      tmp: 'done',
      key: 'the key\n',
      keyWritten: 'EROFS',
      token: false,
      services: [],
      capabilities: '0000000000000000',
      seccomp: '2',
      fprocess: 'node main.js',
    })
    await provider.secrets.remove('key')
  })

  it('keeps secrets, and knows only its own', async () => {
    const { secrets } = provider
    await cluster.kubectl(['-n', NAMESPACE, 'create', 'secret', 'generic', 'others', '--from-literal=a=b'])
    await secrets.create({ name: 'key', value: Uint8Array.of(0, 255, 10) })
    await expect(secrets.create({ name: 'key', value: value('') })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: 'there is a secret "key" already',
    })
    expect(await secrets.list()).toEqual([{ name: 'key', namespace: NAMESPACE }])
    const read = async () =>
      Buffer.from(
        JSON.parse(await cluster.kubectl(['-n', NAMESPACE, 'get', 'secret', 'key', '-o', 'json'])).data.key,
        'base64'
      )
    expect([...(await read())]).toEqual([0, 255, 10])
    expect(await secrets.update({ name: 'key', value: value('new') })).toBe(true)
    expect((await read()).toString()).toBe('new')
    expect(await secrets.update({ name: 'others', value: value('') })).toBe(false)
    expect([
      await secrets.remove('others'),
      await secrets.remove('key'),
      await secrets.remove('key'),
    ]).toEqual([false, true, false])
  })

  it('keeps namespaces, with functions in them', async () => {
    const { namespaces } = provider
    const other = { name: 'other-fn', labels: { team: 'a' }, annotations: { why: 'tests' } }
    await namespaces.create(other)
    await expect(namespaces.create(other)).rejects.toMatchObject({ code: 'CONFLICT' })
    const kept = { ...other, annotations: { why: 'tests', openfaas: '1' } }
    expect(await namespaces.get('other-fn')).toEqual(kept)
    expect((await namespaces.list()).map(({ name }) => name).sort()).toEqual(['openfaas-fn', 'other-fn'])
    expect(await namespaces.get('kube-system')).toBeUndefined()
    expect(await namespaces.remove('kube-system')).toBe(false)

    await provider.secrets.create({ name: 'key', namespace: 'other-fn', value: value('x') })
    const raw = await open()
    await raw.deploy(echo('one', { namespace: 'other-fn', envVars: { GREETING: 'there' }, secrets: ['key'] }))
    await provider.deploy(echo('one', { envVars: { GREETING: 'here' } }))
    const greeting = async (namespace?: string) =>
      (await provider.invoke('one', new Request('http://one/environment'), namespace)).json()
    expect([await greeting('other-fn'), await greeting()]).toEqual([
      { greeting: 'there' },
      { greeting: 'here' },
    ])
    expect(await provider.list('other-fn')).toMatchObject([{ name: 'one', namespace: 'other-fn' }])
    expect(await namespaces.update({ ...other, labels: { team: 'b' }, annotations: {} })).toBe(true)
    expect(await namespaces.get('other-fn')).toEqual({
      name: 'other-fn',
      labels: { team: 'b' },
      annotations: { openfaas: '1' },
    })
    expect(await namespaces.remove('other-fn')).toBe(true)
    expect([await namespaces.get('other-fn'), await provider.list('other-fn')]).toEqual([undefined, []])
    // What somebody else has removed is seen a moment later.
    await vi.waitFor(() =>
      expect(raw.deploy(echo('one', { namespace: 'other-fn' }))).rejects.toMatchObject({
        message: 'there is no namespace "other-fn" for functions',
      })
    )
    await expect(namespaces.remove(NAMESPACE)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    await raw.close()
  })

  it('takes over a namespace that somebody has made without it, and gives itself its rights there', async () => {
    await cluster.kubectl(['create', 'namespace', 'handmade-fn'])
    await cluster.kubectl(['annotate', 'namespace', 'handmade-fn', 'openfaas=1'])
    const function1 = echo('one', { namespace: 'handmade-fn' })
    await vi.waitFor(() => provider.deploy(function1), { timeout: 20_000, interval: 200 })
    const listed = async () => expect(await provider.list('handmade-fn')).toMatchObject([{ name: 'one' }])
    await vi.waitFor(listed, { timeout: 20_000, interval: 200 })
    expect(await provider.namespaces.remove('handmade-fn')).toBe(true)
  })

  it('does without a namespace that it cannot read, and does not overlook what may be there', async () => {
    await cluster.kubectl(['create', 'namespace', 'closed-fn'])
    // Where its binding belongs is another one already, which it may not change.
    const binding = ['create', 'rolebinding', 'edgeloop-gateway', '--clusterrole=view', '--user=nobody']
    await cluster.kubectl(['-n', 'closed-fn', ...binding])
    await cluster.kubectl(['annotate', 'namespace', 'closed-fn', 'openfaas=1'])
    const without = await open()
    await without.deploy(echo('one'))
    expect(await without.list()).toMatchObject([{ name: 'one' }])
    const unknown = { code: 'UNAVAILABLE', message: 'which functions closed-fn has is not known yet' }
    await expect(without.list('closed-fn')).rejects.toMatchObject(unknown)
    await expect(without.listAt('edge-1')).rejects.toMatchObject(unknown)
    await expect(without.deploy(echo('two', atEdges()))).rejects.toMatchObject(unknown)
    await cluster.kubectl(['delete', 'namespace', 'closed-fn'])
    await vi.waitFor(() => without.listAt('edge-1'), { timeout: 20_000, interval: 200 })
    await without.close()
  })

  it('may do no more in the cluster than it has to', async () => {
    const client = createKubernetesClient(account)
    const refused = async (attempt: Promise<unknown>, message: RegExp) =>
      expect(attempt).rejects.toMatchObject({ message: expect.stringMatching(message) })
    const node = '/api/v1/nodes/edge-1'
    await refused(
      client.merge(node, { metadata: { labels: { zone: 'a' } } }),
      /may only set labels service\.edgeloop\.dev/
    )
    await refused(
      client.merge(node, { metadata: { labels: { 'node-role.kubernetes.io/edge': null } } }),
      /may only remove labels service\.edgeloop\.dev/
    )
    await refused(
      client.merge(node, { metadata: { labels: { 'service.edgeloop.dev/one': 'anything' } } }),
      /to disabled/
    )
    await refused(client.merge(node, { spec: { unschedulable: true } }), /may not change a node's spec/)
    await refused(
      client.merge(node, { metadata: { annotations: { a: 'b' } } }),
      /may not change a node's annotations/
    )
    const others = /may only change namespaces with the annotation/
    await cluster.kubectl(['create', 'namespace', 'others'])
    await refused(client.remove('/api/v1/namespaces/others'), others)
    const annotated = { metadata: { annotations: { openfaas: '1' } } }
    await refused(client.merge('/api/v1/namespaces/others', annotated), others)
    await refused(client.create('/api/v1/namespaces', { metadata: { name: 'more' } }), others)
    await refused(
      client.remove(`/api/v1/namespaces/${NAMESPACE}`),
      /may not remove the namespace openfaas-fn/
    )
    const binding = (name: string) => ({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'mine' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
      subjects: [{ kind: 'ServiceAccount', name: 'gateway', namespace: 'edgeloop' }],
    })
    const bindings = (namespace: string) =>
      `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/rolebindings`
    await refused(
      client.create(bindings('kube-system'), binding('edgeloop-functions')),
      /may only give rights in namespaces with the annotation/
    )
    await refused(client.create(bindings(NAMESPACE), binding('cluster-admin')), /forbidden/)
    await refused(client.list('/api/v1/namespaces/kube-system/secrets'), /cannot list resource "secrets"/)
    client.close()
  })

  it('may make nothing but what functions are made of', async () => {
    const client = createKubernetesClient(account)
    interface Wanted {
      pod?: object
      container?: object
      security?: object
    }
    const podOf = ({ pod, container, security }: Wanted) => ({
      automountServiceAccountToken: false,
      containers: [
        {
          name: 'function',
          image: IMAGES[0]!,
          ...container,
          securityContext: {
            allowPrivilegeEscalation: false,
            capabilities: { drop: ['ALL'] },
            ...security,
          },
        },
      ],
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      ...pod,
    })
    const labels = { faas_function: 'try' }
    const workloadOf = (kind: string, wanted: Wanted) => ({
      apiVersion: 'apps/v1',
      kind,
      metadata: { name: 'try' },
      spec: {
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: podOf(wanted) },
      },
    })
    const attempt = (kind: string, wanted: Wanted) =>
      client.create(
        `/apis/apps/v1/namespaces/${NAMESPACE}/${kind.toLowerCase()}s`,
        workloadOf(kind, wanted),
        {
          dryRun: 'All',
        }
      )
    const hostVolume = (path: string, readOnly: boolean): Wanted => ({
      pod: { volumes: [{ name: 'host', hostPath: { path } }] },
      container: { volumeMounts: [{ name: 'host', mountPath: '/host', readOnly }] },
    })
    const edge = { key: 'node-role.kubernetes.io/edge', operator: 'Exists' }
    const at = (...terms: object[][]) => ({
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: terms.map((matchExpressions) => ({ matchExpressions })),
          },
        },
      },
    })
    const token = { serviceAccountToken: { path: 'token' } }
    const refusals: [Wanted, RegExp][] = [
      [{ security: { privileged: true, allowPrivilegeEscalation: true } }, /privileged containers/],
      [{ security: { allowPrivilegeEscalation: true } }, /privileged containers/],
      [{ security: { allowPrivilegeEscalation: undefined } }, /privileged containers/],
      [
        { pod: { initContainers: [{ name: 'first', image: 'any', securityContext: { privileged: true } }] } },
        /privileged containers/,
      ],
      [{ security: { capabilities: { drop: ['ALL'], add: ['SYS_ADMIN'] } } }, /capabilities/],
      [{ security: { capabilities: undefined } }, /capabilities/],
      [{ pod: { securityContext: { seccompProfile: { type: 'RuntimeDefault' } } } }, /as root/],
      [{ security: { runAsNonRoot: false } }, /as root/],
      [{ pod: { securityContext: { runAsNonRoot: true } } }, /system call/],
      [{ security: { seccompProfile: { type: 'Unconfined' } } }, /system call/],
      [{ security: { appArmorProfile: { type: 'Unconfined' } } }, /AppArmor/],
      [{ pod: { hostPID: true } }, /processes/],
      [{ pod: { hostIPC: true } }, /processes/],
      [{ pod: { hostNetwork: true } }, /the node's network only at/],
      [
        { pod: { hostNetwork: true, ...at([edge], [{ key: 'zone', operator: 'Exists' }]) } },
        /the node's network/,
      ],
      [{ container: { ports: [{ containerPort: 8080, hostPort: 8080 }] } }, /127\.0\.0\.1/],
      [hostVolume('/', true), /only the directory/],
      [hostVolume('/var/lib/edgeloop/photos', true), /only the directory/],
      [hostVolume('/var/lib/edgeloop/models', false), /only read/],
      [{ pod: { volumes: [{ name: 'token', projected: { sources: [token] } }] } }, /no other volumes/],
      [{ pod: { serviceAccountName: 'another' } }, /service account/],
      [{ pod: { automountServiceAccountToken: true } }, /service account/],
      [{ pod: { automountServiceAccountToken: undefined } }, /service account/],
      [{ pod: { nodeName: 'cloud' } }, /past the scheduler/],
    ]
    // A policy takes a moment to hold.
    await eventually(() => expect(attempt('Deployment', refusals[0]![0])).rejects.toThrow(refusals[0]![1]))
    for (const kind of ['Deployment', 'DaemonSet']) {
      for (const [wanted, message] of refusals)
        await expect(attempt(kind, wanted), JSON.stringify(wanted)).rejects.toThrow(message)
      await attempt(kind, {})
      await attempt(kind, hostVolume('/var/lib/edgeloop/models', true))
      await attempt(kind, { pod: { hostNetwork: true, ...at([edge]) } })
    }
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'try' }, spec: podOf({}) }
    const pods = `/api/v1/namespaces/${NAMESPACE}/pods`
    await expect(client.create(pods, pod)).rejects.toThrow(/only try pods out/)
    await client.create(pods, pod, { dryRun: 'All' })
    client.close()
  })

  it('lets the training controller make nothing but its Jobs', async () => {
    const token = await cluster.kubectl(['-n', 'edgeloop', 'create', 'token', 'trainer', '--duration=1h'])
    const config = new KubeConfig()
    config.loadFromClusterAndUser(account.getCurrentCluster()!, { name: 'trainer', token })
    const client = createKubernetesClient(config)
    const settings: JobSettings = {
      namespace: 'edgeloop',
      image: 'registry.local/edgeloop:1',
      args: ['job.js'],
      environment: { DATASET: 'photos' },
      secret: 'edgeloop-s3',
      resources: { requests: { cpu: '1' }, limits: { memory: '1Gi' } },
      deadlineSeconds: 60,
      keepSeconds: 60,
    }
    const run = {
      id: '000001',
      dataset: 'photos',
      model: 'photos',
      snapshot: 'abc',
      since: null,
      at: '2026-01-02T03:04:05.000Z',
      why: 'a test',
      newSamples: 1,
    }
    const make = (change: (pod: V1PodSpec) => void = () => {}, secret = settings.secret) => {
      const job = jobObject({ ...settings, secret }, { run, attempt: 1 })
      change(job.spec!.template.spec!)
      return client.create('/apis/batch/v1/namespaces/edgeloop/jobs', job, { dryRun: 'All' })
    }
    const refusals: [(pod: V1PodSpec) => void, RegExp][] = [
      [
        (pod) => Object.assign(pod.containers[0]!.securityContext!, { allowPrivilegeEscalation: true }),
        /privileged/,
      ],
      [(pod) => Object.assign(pod.containers[0]!.securityContext!, { capabilities: {} }), /capabilities/],
      [(pod) => Object.assign(pod.securityContext!, { runAsNonRoot: false }), /as root/],
      [(pod) => Object.assign(pod.securityContext!, { seccompProfile: undefined }), /system call/],
      [(pod) => Object.assign(pod, { hostNetwork: true }), /processes or network/],
      [(pod) => pod.volumes!.push({ name: 'host', hostPath: { path: '/' } }), /no other volumes/],
      [(pod) => pod.volumes!.push({ name: 'all', secret: { secretName: 'edgeloop' } }), /no other volumes/],
      [
        (pod) =>
          pod.containers[0]!.env!.push({
            name: 'PASSWORD',
            valueFrom: { secretKeyRef: { name: 'edgeloop', key: 'basic-auth-password' } },
          }),
        /no settings from elsewhere/,
      ],
      [(pod) => Object.assign(pod, { serviceAccountName: 'gateway' }), /service account/],
      [(pod) => Object.assign(pod, { automountServiceAccountToken: true }), /service account/],
      [(pod) => Object.assign(pod, { nodeName: 'edge-1' }), /past the scheduler/],
    ]
    await eventually(() => expect(make(refusals[0]![0])).rejects.toThrow(refusals[0]![1]))
    for (const [change, message] of refusals)
      await expect(make(change), change.toString()).rejects.toThrow(message)
    await make()
    client.close()
  })

  it('refuses what cannot be, and creates nothing', async () => {
    const narrow = await open({ ports: { first: 21_999, last: 21_999 } })
    await narrow.deploy(echo('one', atEdges()))
    const profile = (names: string) => ({ annotations: { 'com.openfaas.profile': names } })
    for (const [more, message] of [
      [profile('cloud, nowhere'), 'two wants the profile "nowhere", which does not exist'],
      [
        { constraints: ['zone=a'] },
        'two cannot be placed: no node has zone=a; nearest: cloud, which has no label zone',
      ],
      [
        { annotations: { ...profile('cloud').annotations, 'edgeloop.dev/arch': 'arm64' } },
        'two cannot be placed: no node is arm64, which the image is built for; nearest: cloud, which is amd64',
      ],
      [
        { constraints: ['kubernetes.io/arch=arm64'] },
        'two cannot be placed: no node has kubernetes.io/arch=arm64; nearest: cloud, which has kubernetes.io/arch=amd64',
      ],
      [{ secrets: ['key'] }, 'two wants the secret "key", which does not exist'],
      [{ secrets: ['../pods'] }, 'two wants the secret "../pods", which does not exist'],
      [{ limits: { memory: '128MB' } }, 'limits.memory: "128MB" is not a quantity'],
      [{ service: 'Bad_Name' }, 'service: must be lower-case letters, digits and "-"'],
      [profile('sandboxed'), /RuntimeClass "sandbox" not found/],
      [{ namespace: 'nowhere' }, 'there is no namespace "nowhere" for functions'],
      [{ labels: { team: 'not a label' } }, /metadata\.labels: Invalid value: "not a label"/],
      [atEdges(), 'all 1 ports for functions at edges are taken'],
    ] as const)
      await expect(narrow.deploy(echo('two', more as Partial<Deployment>))).rejects.toMatchObject({
        code: 'INVALID_INPUT',
        message: typeof message === 'string' ? message : expect.stringMatching(message),
      })
    expect((await narrow.list()).map(({ name }) => name)).toEqual(['one'])
    const there = await cluster.kubectl(['-n', NAMESPACE, 'get', 'deployments,daemonsets', '-o', 'name'])
    expect(there).toBe('daemonset.apps/one')
    await narrow.close()
  })

  it('refuses what the cluster would make something else of', async () => {
    const patch = [{ op: 'add', path: '/spec/template/spec/nodeSelector', value: { disk: 'ssd' } }]
    const webhook = await startAdmission(path.join(state, 'webhook'), patch)
    await cluster.kubectl(
      ['apply', '-f', '-'],
      JSON.stringify({
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind: 'MutatingWebhookConfiguration',
        metadata: { name: 'elsewhere' },
        webhooks: [
          {
            name: 'elsewhere.example.com',
            clientConfig: { url: webhook.url, caBundle: webhook.certificate },
            rules: [
              {
                apiGroups: ['apps'],
                apiVersions: ['v1'],
                operations: ['CREATE'],
                resources: ['deployments'],
              },
            ],
            sideEffects: 'None',
            admissionReviewVersions: ['v1'],
          },
        ],
      })
    )
    const raw = await open()
    await eventually(() =>
      expect(raw.deploy(echo('two'))).rejects.toMatchObject({
        code: 'INVALID_INPUT',
        message:
          'the cluster makes something else of two: spec.template.spec.nodeSelector was to be nothing and would be {"disk":"ssd"}',
      })
    )
    await cluster.kubectl(['delete', 'mutatingwebhookconfiguration', 'elsewhere'])
    await webhook.close()
    await raw.close()
  })

  it('leaves alone what it has not made', async () => {
    const args = [
      '-n',
      NAMESPACE,
      'create',
      'deployment',
      'two',
      '--image=registry.local/echo:1',
      '--replicas=0',
    ]
    await cluster.kubectl(args)
    expect([await provider.get('two'), await provider.remove('two')]).toEqual([undefined, false])
    await expect(provider.deploy(echo('two'))).rejects.toMatchObject({
      code: 'CONFLICT',
      message: 'openfaas-fn has a Deployment "two" that is no function',
    })
    await cluster.kubectl(['-n', NAMESPACE, 'delete', 'deployment', 'two'])
  })

  it('runs a function on each edge, where only who is on the node reaches it', async () => {
    await provider.deploy(echo('one', atEdges()))
    expect(await nodesOf('one')).toEqual(['edge-1', 'edge-2'])
    const [found] = await provider.listAt('edge-1')
    const port = found!.port!
    expect(found).toMatchObject({ name: 'one', replicas: 2, status: '2 of 2 edges updated' })
    expect(port).toBeGreaterThanOrEqual(20_000)
    expect(await provider.listAt()).toEqual([])
    expect(await provider.listAt('cloud')).toEqual([])
    expect(await askOn('edge-1', `http://127.0.0.1:${port}/environment`)).toBe('200 {"greeting":null}')
    await expect(fetch(`http://${cluster.address('edge-1')}:${port}/`)).rejects.toThrow()
    await expect(provider.listAt('edge-3')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(provider.scale('one', 3)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: 'one runs once on each of its nodes, not 3 times',
    })

    // An update keeps the port, another function gets another one.
    await provider.deploy(echo('one', { ...atEdges(), envVars: { GREETING: 'again' } }))
    expect((await provider.listAt('edge-1'))[0]!.port).toBe(port)
    await provider.deploy(echo('two', atEdges()))
    const ports = (await provider.listAt('edge-2')).map((fn) => fn.port)
    expect(new Set(ports).size).toBe(2)
    expect(await askOn('edge-2', `http://127.0.0.1:${port}/environment`)).toBe('200 {"greeting":"again"}')
  })

  it('asks a function at the edge that a request names', async () => {
    const relayed = await open({
      relays: {
        edges: () => ['edge-1', 'edge-9'],
        invoke: async (edge, name, request, namespace) =>
          new Response(`${name} of ${namespace} at ${edge}: ${new URL(request.url).pathname}`),
        ask: async (edge, path) => {
          const instance = new URL(path, 'http://x').searchParams.get('instance')
          const timestamp = new Date().toISOString()
          const line = {
            name: 'one',
            namespace: NAMESPACE,
            instance,
            timestamp,
            text: `over the line of ${edge}`,
          }
          return new Response(`${JSON.stringify(line)}\n`)
        },
      },
    })
    const askAt = (name: string, edge?: string) =>
      relayed.invoke(name, new Request(`http://${name}/a`, { headers: edge ? { 'X-Edge': edge } : {} }))
    await relayed.deploy(echo('one', atEdges()))
    await relayed.deploy(echo('two', atEdges({ 'edgeloop.dev/relay': 'any' })))
    expect(await relayed.origin('one')).toBeUndefined()
    expect(await (await askAt('one', 'edge-1')).text()).toBe('one of openfaas-fn at edge-1: /a')
    expect(await (await askAt('two')).text()).toBe('two of openfaas-fn at edge-1: /a')
    // Of the edge that has a line, what its agent says; of the other one, what the cluster's API says.
    await eventually(async () => {
      const pods = new Map(
        (await living('one')).map(({ metadata, spec }) => [metadata!.name!, spec!.nodeName!])
      )
      const written: LogLine[] = []
      const signal = new AbortController().signal
      for await (const line of relayed.logs({ name: 'one', follow: false }, signal)) written.push(line)
      const texts = (node: string) =>
        written.filter(({ instance }) => pods.get(instance) === node).map(({ text }) => text)
      expect(texts('edge-1')).toEqual(['over the line of edge-1'])
      expect(texts('edge-2').join()).toContain('listening at')
    })
    await expect(askAt('one')).rejects.toMatchObject({
      code: 'MISDIRECTED',
      message: 'one runs at the edges: edge-1, edge-2',
    })
    await expect(askAt('one', 'edge-9')).rejects.toMatchObject({ code: 'MISDIRECTED' })
    await expect(askAt('one', 'edge-2')).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: 'edge-2 is out of reach',
    })
    expect(await relayed.get('one')).toMatchObject({ invocationCount: 4 })
    // The other provider may not have heard of them yet.
    await clear(relayed)
    await eventually(async () => expect(await provider.list()).toEqual([]))
    await relayed.close()
  })

  it('gives an image that cannot listen on a node’s network a port of its node', async () => {
    await provider.deploy(echo('one', { annotations: { 'com.openfaas.profile': 'edge' } }))
    const { port } = (await provider.listAt('edge-1'))[0]!
    expect(await askOn('edge-1', `http://127.0.0.1:${port}/environment`)).toBe('200 {"greeting":null}')
    await expect(fetch(`http://${cluster.address('edge-1')}:${port}/`)).rejects.toThrow()

    await cluster.kubectl(['label', 'node', 'edge-2', 'edgeloop.dev/pod-network=false'])
    await eventually(() =>
      expect(
        provider.deploy(echo('two', { annotations: { 'com.openfaas.profile': 'edge' } }))
      ).rejects.toMatchObject({
        code: 'INVALID_INPUT',
        message: 'two needs a network for pods, which edge-2 has not',
        hint: expect.stringContaining('edgeloop.dev/host-network: ok'),
      })
    )
    await cluster.kubectl(['label', 'node', 'edge-2', 'edgeloop.dev/pod-network-'])
  })

  it('switches a function off at one edge, and on again', async () => {
    await provider.deploy(echo('one', atEdges()))
    await provider.switchAt('edge-1', 'one', false)
    expect(await provider.listAt('edge-1')).toMatchObject([{ name: 'one', disabled: true }])
    expect((await provider.listAt('edge-2'))[0]!.disabled).toBeUndefined()
    expect(await provider.get('one')).toMatchObject({ replicas: 1 })
    await eventually(async () => expect(await nodesOf('one')).toEqual(['edge-2']))
    // Also an update leaves it off.
    await provider.deploy(echo('one', { ...atEdges(), envVars: { GREETING: 'again' } }))
    expect(await nodesOf('one')).toEqual(['edge-2'])
    await provider.switchAt('edge-1', 'one', true)
    await eventually(async () => expect(await nodesOf('one')).toEqual(['edge-1', 'edge-2']))
    for (const [edge, name] of [
      ['edge-3', 'one'],
      ['cloud', 'one'],
      ['edge-1', 'two'],
    ] as const)
      await expect(provider.switchAt(edge, name, false)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  it('scales, spreads requests over pods, and starts a function that is asked for', async () => {
    await provider.deploy(echo('one', { labels: { 'com.openfaas.scale.min': '2' } }))
    expect(await living('one')).toHaveLength(2)
    const origins = [await provider.origin('one'), await provider.origin('one'), await provider.origin('one')]
    expect(new Set(origins).size).toBe(2)
    expect(origins[0]).toBe(origins[2])
    expect(await provider.origin('one', undefined, new Set([origins[0]!]))).toBe(origins[1])
    await expect(
      provider.origin('one', undefined, new Set([origins[0]!, origins[1]!]))
    ).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    })
    expect(await provider.scale('one', 0)).toBe(true)
    expect(await provider.get('one')).toMatchObject({ replicas: 0 })
    await eventually(async () => expect((await provider.get('one'))!.availableReplicas).toBe(0))
    await eventually(async () => expect(await living('one')).toHaveLength(0))
    // An update does not wake it.
    await provider.deploy(echo('one', { labels: { 'com.openfaas.scale.min': '2' }, envVars: { A: 'b' } }))
    expect(await provider.get('one')).toMatchObject({ replicas: 0 })
    const answers = await Promise.all([ask('one'), ask('one'), ask('one')])
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(await provider.get('one')).toMatchObject({ replicas: 2 })
    expect(await provider.scale('two', 1)).toBe(false)
    await expect(provider.scale('one', 1_000_000)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })

  it('lets the cluster scale what has a maximum, and nothing else', async () => {
    const labels = (more: Record<string, string>) => ({
      labels: Object.fromEntries(
        Object.entries(more).map(([key, value]) => [`com.openfaas.scale.${key}`, value])
      ),
    })
    const autoscalers = async () =>
      JSON.parse(await cluster.kubectl(['-n', NAMESPACE, 'get', 'hpa', '-o', 'json'])).items as {
        spec: { minReplicas: number; maxReplicas: number; metrics: object[] }
      }[]
    await provider.deploy(echo('one', labels({ min: '2', max: '3', target: '250' })))
    const [made, ...others] = await autoscalers()
    expect(others).toEqual([])
    expect(made!.spec).toMatchObject({
      minReplicas: 2,
      maxReplicas: 3,
      scaleTargetRef: { kind: 'Deployment', name: 'one' },
      metrics: [{ resource: { name: 'cpu', target: { type: 'AverageValue', averageValue: '250m' } } }],
    })
    await provider.deploy(echo('one', labels({ min: '1', max: '4' })))
    expect((await autoscalers())[0]!.spec).toMatchObject({ minReplicas: 1, maxReplicas: 4 })
    await provider.deploy(echo('one', labels({ min: '1' })))
    expect(await autoscalers()).toEqual([])
    // More than there are is what it begins with; fewer than its most is what remains.
    await provider.deploy(echo('one', labels({ min: '3', max: '4' })))
    expect(await provider.get('one')).toMatchObject({ replicas: 3 })
    await provider.deploy(echo('one', labels({ max: '2' })))
    expect(await provider.get('one')).toMatchObject({ replicas: 2 })
    await provider.remove('one')
    await eventually(async () => expect(await autoscalers()).toEqual([]))
  })

  it('loses no request to an update', async () => {
    await provider.deploy(echo('one'))
    const gateway = createGateway(provider)
    const { fetch: answer, intercept } = gateway
    const server = await serveHttp({ fetch: answer, intercept, host: '127.0.0.1', port: 0, name: 'gateway' })
    const init: RequestInit = { method: 'POST', body: 'x' }
    const ways = {
      provider: () => ask('one', '/', init),
      gateway: () => fetch(`${server.url}/function/one/`, init),
    }
    let going = true
    const outcomes = new Map<string, number>()
    const call = async (way: keyof typeof ways) => {
      while (going) {
        const outcome = await ways[way]().then(
          async (response) => `${response.status} ${await response.text().then(() => 'whole')}`,
          (error: Error) => error.message
        )
        const key = `${way}: ${outcome}`
        outcomes.set(key, (outcomes.get(key) ?? 0) + 1)
      }
    }
    const callers = [call('provider'), call('provider'), call('gateway'), call('gateway')]
    await provider.deploy(echo('one', { image: IMAGES[1]! }))
    await provider.deploy(echo('one', { image: IMAGES[0]! }))
    await eventually(async () => expect(await podsOf('one')).toHaveLength(1))
    going = false
    await Promise.all(callers)
    await server.close()
    await gateway.close()
    expect([...outcomes.keys()].sort()).toEqual(['gateway: 200 whole', 'provider: 200 whole'])
    for (const count of outcomes.values()) expect(count).toBeGreaterThan(100)
  })

  it('follows a profile from one kind of workload to the other', async () => {
    await provider.deploy(echo('one', { annotations: { 'com.openfaas.profile': 'cloud,tenth' } }))
    const [pod] = await living('one')
    expect(pod!.spec!.containers[0]!.resources).toMatchObject({ limits: { cpu: '100m', memory: '1Gi' } })
    const kinds = async () =>
      (await cluster.kubectl(['-n', NAMESPACE, 'get', 'deployments,daemonsets', '-o', 'name'])).split('\n')
    expect(await kinds()).toEqual(['deployment.apps/one'])
    await provider.deploy(echo('one', atEdges()))
    expect(await kinds()).toEqual(['daemonset.apps/one'])
    expect(await provider.get('one')).toMatchObject({ replicas: 2 })
    await provider.deploy(echo('one', { annotations: { 'com.openfaas.profile': 'cloud' } }))
    expect(await kinds()).toEqual(['deployment.apps/one'])
    expect((await ask('one')).status).toBe(200)
  })

  it('says why a function does not start', async () => {
    const raw = await open()
    await raw.deploy(echo('one', { image: 'registry.local/nothing:1' }))
    await eventually(async () => {
      expect((await raw.get('one'))!.status).toMatch(
        /^0 of 1 pods updated; one-\S+: (ErrImagePull|ImagePullBackOff)/
      )
    })
    await expect(raw.invoke('one', new Request('http://one/'))).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(/^one cannot answer: (ErrImagePull|ImagePullBackOff)/),
    })
    await raw.deploy(echo('one', { envVars: { GREETING: 'refuse' } }))
    await eventually(async () => {
      expect((await raw.get('one'))!.status).toMatch(/CrashLoopBackOff: ended with 1 \(Error\)/)
    })
    await raw.close()
  })

  it('tells what functions write, and goes on telling', async () => {
    await provider.deploy(echo('one', { labels: { 'com.openfaas.scale.min': '2' } }))
    const lines = async (query: Partial<LogQuery>, most = 100) => {
      const found: LogLine[] = []
      const stop = AbortSignal.timeout(20_000)
      for await (const line of provider.logs({ name: 'one', follow: false, ...query }, stop)) {
        if (line.text.startsWith('listening at')) continue // each pod's first word
        found.push(line)
        if (found.length === most) break
      }
      return found
    }
    for (const text of ['a', 'b', 'c', 'd']) await ask('one', `/log/${text}`)
    await eventually(async () =>
      expect((await lines({})).map(({ text }) => text)).toEqual(['a', 'b', 'c', 'd'])
    )
    const all = await lines({})
    expect(all.map(({ timestamp }) => timestamp)).toEqual(all.map(({ timestamp }) => timestamp).toSorted())
    const [{ instance }] = all as [LogLine]
    expect(all[0]).toMatchObject({ name: 'one', namespace: NAMESPACE })
    expect((await lines({ instance })).every((line) => line.instance === instance)).toBe(true)
    expect((await lines({ tail: 1 })).length).toBe(2)
    expect((await lines({ since: new Date(all[2]!.timestamp) })).map(({ text }) => text)).toEqual(['c', 'd'])

    const following = lines({ follow: true, tail: 0 }, 3)
    await sleep(1000)
    await ask('one', '/log/e')
    await provider.scale('one', 3)
    await settled(provider, 'one')
    await ask('one', '/log/f')
    await ask('one', '/log/g')
    expect((await following).map(({ text }) => text).sort()).toEqual(['e', 'f', 'g'])
    expect(await lines({ name: 'nothing' })).toEqual([])
  })

  it('goes on while the API does not answer, and sees afterwards what it has missed', async () => {
    await provider.deploy(echo('one'))
    const server = Number(await readFile(path.join(state, 'kube/pid/kube-apiserver'), 'utf8'))
    process.kill(server, 'SIGSTOP')
    try {
      expect((await ask('one')).status).toBe(200)
      expect(await provider.list()).toMatchObject([{ name: 'one', availableReplicas: 1 }])
      await expect(provider.deploy(echo('two'))).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        message: expect.stringMatching(/^the Kubernetes API is out of reach/),
      })
      expect((await ask('one')).status).toBe(200)
    } finally {
      process.kill(server, 'SIGCONT')
    }
    await eventually(() => provider.scale('one', 2))
    await settled(provider, 'one')
    expect(await living('one')).toHaveLength(2)
  }, 120_000)

  it('updates the edges in reach at once, says which one is offline, and that one when it is back', async () => {
    const raw = await open()
    await provider.deploy(echo('one', atEdges()))
    await cluster.cut(2)
    await raw.deploy(echo('one', { ...atEdges(), image: IMAGES[1]! }))
    await eventually(async () => expect((await raw.get('one'))!.status).toBe('1 of 2 edges updated'))
    await eventually(
      async () =>
        expect((await raw.get('one'))!.status).toMatch(/^1 of 2 edges updated; edge-2 offline since 20\S+Z$/),
      90_000
    )
    expect(await raw.get('one')).toMatchObject({ replicas: 2, availableReplicas: 1 })
    const lines: LogLine[] = []
    for await (const line of raw.logs({ name: 'one', follow: false }, AbortSignal.timeout(20_000)))
      lines.push(line)
    expect(lines.map(({ text }) => text)).toContainEqual(
      expect.stringMatching(/^edge-2 is offline since \S+: what one-\S+ has written is there$/)
    )
    await cluster.heal(2)
    await eventually(async () => expect((await raw.get('one'))!.status).toBe('2 of 2 edges updated'), 60_000)
    await raw.close()
  }, 240_000)
})
