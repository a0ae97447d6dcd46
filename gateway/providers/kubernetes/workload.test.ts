import type { V1Container, V1DaemonSet, V1Deployment, V1PodSpec } from '@kubernetes/client-node'
import { describe, expect, it } from 'vitest'
import type { Deployment } from '../../../lib/stack/index.ts'
import { parseProfile, wishOf } from '../../placement/index.ts'
import { networkOf, type WorkloadRequest, workloadOf } from './workload.ts'

interface Asked extends Partial<WorkloadRequest> {
  deployment?: never
  fn?: Partial<Deployment>
  spec?: object
  /** Of the profile. */
  annotations?: Record<string, string>
}

function request({ fn, spec = {}, annotations = {}, ...more }: Asked): WorkloadRequest {
  const profile = {
    apiVersion: 'openfaas.com/v1',
    kind: 'Profile',
    metadata: { name: 'p', annotations },
    spec,
  }
  const deployment = {
    service: 'fn',
    image: 'registry.local/fn:1',
    ...fn,
    annotations: { 'com.openfaas.profile': 'p', ...fn?.annotations },
  }
  const wish = wishOf(deployment, new Map([['p', parseProfile(profile, 'p')]]))
  const port = networkOf(deployment, wish.profile) === 'pod' ? undefined : 20_007
  return { deployment, namespace: 'openfaas-fn', wish, port, replicas: 1, ...more }
}
const workload = (asked: Asked) => workloadOf(request(asked))
const podOf = (asked: Asked): V1PodSpec => workload(asked).spec!.template.spec!
const containerOf = (asked: Asked): V1Container => podOf(asked).containers[0]!
const environmentOf = (asked: Asked) =>
  Object.fromEntries(containerOf(asked).env!.map(({ name, value }) => [name, value]))

const EDGE = { 'edgeloop.dev/workload': 'DaemonSet', 'edgeloop.dev/network': 'host' }
const HOST_OK = { annotations: { 'edgeloop.dev/host-network': 'ok' } }

describe('a function of the cloud', () => {
  it('is a Deployment that says what was asked for, and whose update loses no request', () => {
    const asked = request({ fn: { labels: { team: 'a' }, envVars: { A: 'b' } }, replicas: 3 })
    const { kind, metadata, spec } = workloadOf(asked) as V1Deployment
    expect(kind).toBe('Deployment')
    expect(metadata).toMatchObject({
      name: 'fn',
      namespace: 'openfaas-fn',
      labels: { team: 'a', faas_function: 'fn' },
    })
    expect(JSON.parse(metadata!.annotations!['edgeloop.dev/deployment']!)).toEqual(asked.deployment)
    expect(spec).toMatchObject({
      replicas: 3,
      selector: { matchLabels: { faas_function: 'fn' } },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      template: { metadata: { labels: { team: 'a', faas_function: 'fn' } } },
    })
    expect(containerOf({}).lifecycle).toEqual({ preStop: { sleep: { seconds: 3 } } })
    expect(podOf({}).terminationGracePeriodSeconds).toBe(33)
    expect(podOf({ fn: { envVars: { write_timeout: '1m30s', exec_timeout: '10s' } } })).toMatchObject({
      terminationGracePeriodSeconds: 93,
    })
  })

  it('cannot say what the gateway has to remember', () => {
    const annotations = { 'edgeloop.dev/port': '22', 'edgeloop.dev/deployment': '{}', topic: 'a' }
    const kept = workload({ fn: { annotations } }).metadata!.annotations!
    expect([kept['edgeloop.dev/port'], kept.topic]).toEqual([undefined, 'a'])
    expect(JSON.parse(kept['edgeloop.dev/deployment']!)).toMatchObject({ service: 'fn', annotations })
  })

  it('listens at its pod’s address', () => {
    expect(podOf({}).hostNetwork).toBeUndefined()
    expect(podOf({}).dnsPolicy).toBeUndefined()
    expect(containerOf({}).ports).toEqual([{ name: 'http', containerPort: 8080, protocol: 'TCP' }])
    expect(environmentOf({ fn: { envVars: { PORT: '1', HOST: '::' }, envProcess: 'node x' } })).toEqual({
      PORT: '8080',
      HOST: '::',
      fprocess: 'node x',
    })
    expect(containerOf({}).readinessProbe!.httpGet).toEqual({ path: '/_/ready', port: 8080, scheme: 'HTTP' })
    const annotations = {
      'com.openfaas.ready.http.path': '/ok',
      'com.openfaas.ready.http.initialDelay': '1500ms',
      'com.openfaas.health.http.path': '/alive',
    }
    expect(containerOf({ fn: { annotations } })).toMatchObject({
      readinessProbe: { httpGet: { path: '/ok' }, initialDelaySeconds: 2 },
      livenessProbe: { httpGet: { path: '/alive' } },
      startupProbe: { httpGet: { path: '/alive' } },
    })
  })

  it('has the strategy of its profile; on its node’s network two of one port never meet', () => {
    const strategy = (asked: Asked) => (workload(asked) as V1Deployment).spec!.strategy
    expect(strategy({ spec: { strategy: { type: 'Recreate' } } })).toEqual({ type: 'Recreate' })
    const annotations = { 'edgeloop.dev/network': 'host' }
    expect(strategy({ annotations, fn: HOST_OK })!.rollingUpdate).toEqual({ maxUnavailable: 1, maxSurge: 0 })
  })
})

describe('a function of the edges', () => {
  it('runs on all of them, and changes on all that are in reach at once', () => {
    const { kind, spec } = workload({ annotations: EDGE, fn: HOST_OK }) as V1DaemonSet
    expect(kind).toBe('DaemonSet')
    expect(spec!.updateStrategy).toEqual({ type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '100%' } })
    const onDelete = { strategy: { type: 'OnDelete' } }
    const other = workload({ annotations: EDGE, fn: HOST_OK, spec: onDelete }) as V1DaemonSet
    expect(other.spec!.updateStrategy).toEqual({ type: 'OnDelete' })
    expect(containerOf({ annotations: EDGE, fn: HOST_OK }).lifecycle).toBeUndefined()
  })

  it('listens at 127.0.0.1 of its node, and is asked there', () => {
    const asked = { annotations: EDGE, fn: HOST_OK }
    expect(workload(asked).metadata!.annotations!['edgeloop.dev/port']).toBe('20007')
    expect(podOf(asked)).toMatchObject({ hostNetwork: true, dnsPolicy: 'Default' })
    expect(environmentOf({ ...asked, fn: { ...HOST_OK, envVars: { PORT: '1', HOST: '0.0.0.0' } } })).toEqual({
      PORT: '20007',
      HOST: '127.0.0.1',
    })
    const { ports, readinessProbe, livenessProbe, startupProbe } = containerOf(asked)
    expect(ports).toEqual([
      { name: 'http', containerPort: 20_007, hostPort: 20_007, hostIP: '127.0.0.1', protocol: 'TCP' },
    ])
    for (const probe of [readinessProbe, livenessProbe, startupProbe])
      expect(probe!.httpGet).toMatchObject({ host: '127.0.0.1', port: 20_007 })
  })

  it('has a port of its node where its image cannot listen there', () => {
    const asked = { annotations: EDGE }
    expect(podOf(asked).hostNetwork).toBeUndefined()
    expect(podOf(asked).dnsPolicy).toBe('Default')
    expect(environmentOf(asked)).toEqual({ PORT: '8080' })
    expect(containerOf(asked)).toMatchObject({
      ports: [{ containerPort: 8080, hostPort: 20_007, hostIP: '127.0.0.1' }],
      readinessProbe: { httpGet: { path: '/_/ready', port: 8080, scheme: 'HTTP' } },
    })
    const terms = podOf(asked).affinity!.nodeAffinity!.requiredDuringSchedulingIgnoredDuringExecution!
    expect(terms.nodeSelectorTerms[0]!.matchExpressions).toContainEqual({
      key: 'edgeloop.dev/pod-network',
      operator: 'NotIn',
      values: ['false'],
    })
  })
})

describe('every pod', () => {
  it('is nobody, can do nothing, and writes only to /tmp', () => {
    const pod = podOf({})
    expect(pod).toMatchObject({
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 12_000,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      volumes: [{ name: 'tmp', emptyDir: { sizeLimit: '512Mi' } }],
    })
    expect(pod.containers[0]).toMatchObject({
      imagePullPolicy: 'IfNotPresent',
      securityContext: {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      },
      resources: { limits: { memory: '1Gi' } },
      volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
    })
    const { securityContext } = containerOf({ fn: { readOnlyRootFilesystem: false } })
    expect(securityContext!.readOnlyRootFilesystem).toBe(false)
  })

  it('finds its secrets as files, and directories of its node to read', () => {
    const asked = {
      fn: { secrets: ['key', 'registry'] },
      pullSecrets: ['registry'],
      annotations: { 'edgeloop.dev/host-volumes': '/var/lib/edgeloop/models' },
    }
    const pod = podOf(asked)
    expect(pod.imagePullSecrets).toEqual([{ name: 'registry' }])
    expect(pod.volumes!.slice(1)).toEqual([
      { name: 'secrets', projected: { defaultMode: 0o444, sources: [{ secret: { name: 'key' } }] } },
      { name: 'host-0', hostPath: { path: '/var/lib/edgeloop/models', type: 'Directory' } },
    ])
    expect(pod.containers[0]!.volumeMounts!.slice(1)).toEqual([
      { name: 'secrets', mountPath: '/var/openfaas/secrets', readOnly: true },
      { name: 'host-0', mountPath: '/var/lib/edgeloop/models', readOnly: true },
    ])
  })

  it('has what its profiles say', () => {
    const spec = {
      tolerations: [{ operator: 'Exists' }],
      runtimeClassName: 'gvisor',
      priorityClassName: 'high',
      podSecurityContext: { runAsUser: 5, fsGroup: 6 },
      topologySpreadConstraints: [{ maxSkew: 1 }],
      dnsPolicy: 'None',
      dnsConfig: { nameservers: ['1.1.1.1'] },
      affinity: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1 }] } },
    }
    const { podSecurityContext, affinity, ...same } = spec
    const pod = podOf({ spec })
    expect(pod).toMatchObject(same)
    expect(pod.securityContext).toMatchObject({ ...podSecurityContext, runAsNonRoot: true })
    expect(pod.affinity).toMatchObject(affinity)
    expect(pod.affinity!.nodeAffinity!.requiredDuringSchedulingIgnoredDuringExecution).toEqual({
      nodeSelectorTerms: [
        {
          matchExpressions: [{ key: 'service.edgeloop.dev/fn', operator: 'NotIn', values: ['disabled'] }],
        },
      ],
    })
  })

  it('is made anew by what concerns it, and by nothing else', () => {
    const revision = (asked: Asked) =>
      workload(asked).spec!.template.metadata!.annotations!['edgeloop.dev/revision']
    const annotated = (annotations: Record<string, string>) => revision({ fn: { annotations } })
    expect(revision({})).toMatch(/^[0-9a-f]{16}$/)
    expect(annotated({ topic: 'a', 'edgeloop.dev/max-inflight': '2' })).toBe(revision({}))
    expect(revision({ replicas: 5 })).toBe(revision({}))
    const others = [
      annotated({ 'prometheus.io/scrape': 'true' }),
      annotated({ 'com.openfaas.health.http.path': '/alive' }),
      revision({ fn: { image: 'registry.local/fn:2' } }),
      revision({ fn: { envVars: { A: 'b' } } }),
      revision({ salt: 'now' }),
    ]
    expect(new Set([revision({}), ...others]).size).toBe(6)
  })
})
