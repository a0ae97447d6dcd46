import { createHash } from 'node:crypto'
import type {
  V1Container,
  V1DaemonSet,
  V1DaemonSetUpdateStrategy,
  V1Deployment,
  V1DeploymentStrategy,
  V1EnvVar,
  V1NodeSelectorTerm,
  V1PodSpec,
  V1PodTemplateSpec,
  V1Probe,
  V1Volume,
  V1VolumeMount,
} from '@kubernetes/client-node'
import { type Deployment, type Probe, secondsOf, traitsOf } from '../../../lib/stack/index.ts'
import { type ComposedProfile, type Requirement, requiredTerms, type Wish } from '../../placement/index.ts'
import { ANNOTATIONS, FUNCTION_LABEL, POD_NETWORK_LABEL } from './names.ts'
import { resourcesOf } from './quantity.ts'

/** What runs a function in the cluster. */
export type Workload = (V1Deployment & { kind: 'Deployment' }) | (V1DaemonSet & { kind: 'DaemonSet' })

/** How a function is reached: at its pod's address, or at 127.0.0.1 of its node. */
export type Network =
  /** The pod's own address. */
  | 'pod'
  /** The pod has the node's network, and listens at 127.0.0.1 itself. */
  | 'host'
  /** The pod's own address, which the node also shows at a port of 127.0.0.1. */
  | 'host-port'

export interface WorkloadRequest {
  deployment: Deployment
  namespace: string
  wish: Wish
  /** Of 127.0.0.1 on each of its nodes; there is one unless the network is the pod's. */
  port?: number
  replicas: number
  /** Those of its secrets with which its image is pulled, and that it does not read. */
  pullSecrets?: readonly string[]
  /** Changes when the pods are to be made anew though nothing else has changed. */
  salt?: string
}

/** Where functions listen that have an address of their own. */
export const POD_PORT = 8080
/** Who functions are, as in OpenFaaS; an image that names another user, by number or name, need not. */
const USER = 12_000
/** How long a pod that is to end goes on taking requests, so that nobody still sends it any, in seconds. */
const HANDOVER_SECONDS = 3
/** How long it may take to answer what it has begun, in seconds, unless its environment says how long that can be. */
const GRACE_SECONDS = 30
/** How long a function may take to start, in seconds. */
const START_SECONDS = 180
const SCRATCH = '512Mi'
const SECRETS_PATH = '/var/openfaas/secrets'

export function networkOf(deployment: Deployment, { network }: ComposedProfile): Network {
  if (network === 'pod') return 'pod'
  return traitsOf(deployment).hostNetwork ? 'host' : 'host-port'
}

/**
 * The Kubernetes object for a function: a Deployment, or a DaemonSet that runs it on each node where it belongs.
 *
 * @throws EdgeloopError INVALID_INPUT when what it asks for in memory and CPU makes no sense
 */
export function workloadOf(request: WorkloadRequest): Workload {
  const { deployment, namespace, wish, port, replicas } = request
  const { service } = deployment
  const labels = { ...deployment.labels, [FUNCTION_LABEL]: service }
  const metadata = {
    name: service,
    namespace,
    labels,
    annotations: {
      ...withoutOurs(deployment.annotations),
      [ANNOTATIONS.deployment]: JSON.stringify(deployment),
      ...(port !== undefined && { [ANNOTATIONS.port]: String(port) }),
    },
  }
  const selector = { matchLabels: { [FUNCTION_LABEL]: service } }
  const template = templateOf(request, labels)
  const apiVersion = 'apps/v1'
  if (wish.profile.workload === 'DaemonSet')
    return {
      apiVersion,
      kind: 'DaemonSet',
      metadata,
      spec: { selector, template, updateStrategy: updateStrategyOf(wish.profile), revisionHistoryLimit: 2 },
    }
  return {
    apiVersion,
    kind: 'Deployment',
    metadata,
    spec: {
      replicas,
      selector,
      template,
      strategy: strategyOf(wish.profile, networkOf(deployment, wish.profile)),
      revisionHistoryLimit: 2,
    },
  }
}

/** What the gateway has to remember is not for stack.yml to say: a port would be anything that listens on the node. */
function withoutOurs(annotations: Deployment['annotations']): Record<string, string> {
  const ours = new Set<string>(Object.values(ANNOTATIONS))
  return Object.fromEntries(Object.entries(annotations ?? {}).filter(([key]) => !ours.has(key)))
}

function templateOf(request: WorkloadRequest, labels: Record<string, string>): V1PodTemplateSpec {
  const { deployment, salt } = request
  const annotations = Object.entries(deployment.annotations ?? {}).filter(([key]) => isForPods(key))
  const template = {
    metadata: { labels, annotations: Object.fromEntries(annotations) as Record<string, string> },
    spec: podOf(request),
  }
  const revision = createHash('sha256')
    .update(JSON.stringify([template, salt]))
    .digest('hex')
    .slice(0, 16)
  template.metadata.annotations[ANNOTATIONS.revision] = revision
  return template
}

/** What the gateway and the connector read is no reason to make pods anew; what AppArmor allows is not a function's to say. */
function isForPods(annotation: string): boolean {
  return !/^(edgeloop\.dev|com\.openfaas|container\.apparmor\.security\.beta\.kubernetes\.io)[./]|^(topic|schedule)$/.test(
    annotation
  )
}

function podOf({ deployment, wish, port, pullSecrets = [] }: WorkloadRequest): V1PodSpec {
  const { profile } = wish
  const { spec } = profile
  const network = networkOf(deployment, profile)
  const secrets = (deployment.secrets ?? []).filter((name) => !pullSecrets.includes(name))
  const hostVolumes = profile.hostVolumes.map((path, index) => ({ name: `host-${index}`, path }))
  const isPod = network === 'pod'
  const handover = profile.workload === 'Deployment' && isPod
  return {
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    ...(network === 'host' && { hostNetwork: true }),
    affinity: {
      ...(spec.affinity as object),
      nodeAffinity: {
        ...spec.affinity?.nodeAffinity,
        requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: termsOf(wish, network) },
      },
    } as V1PodSpec['affinity'],
    ...(wish.tolerations.length > 0 && { tolerations: wish.tolerations }),
    ...(spec.runtimeClassName && { runtimeClassName: spec.runtimeClassName }),
    ...(spec.priorityClassName && { priorityClassName: spec.priorityClassName }),
    ...(spec.topologySpreadConstraints && {
      topologySpreadConstraints:
        spec.topologySpreadConstraints as unknown as V1PodSpec['topologySpreadConstraints'],
    }),
    // At an edge there may be no cluster DNS.
    ...((spec.dnsPolicy || !isPod) && { dnsPolicy: spec.dnsPolicy ?? 'Default' }),
    ...(spec.dnsConfig && { dnsConfig: spec.dnsConfig }),
    ...(pullSecrets.length > 0 && { imagePullSecrets: pullSecrets.map((name) => ({ name })) }),
    securityContext: {
      runAsNonRoot: true,
      runAsUser: USER,
      runAsGroup: USER,
      seccompProfile: { type: 'RuntimeDefault' },
      ...spec.podSecurityContext,
    },
    terminationGracePeriodSeconds: graceOf(deployment) + (handover ? HANDOVER_SECONDS : 0),
    containers: [
      {
        name: 'function',
        image: deployment.image,
        imagePullPolicy: profile.imagePullPolicy,
        env: environmentOf(deployment, network, port),
        ports: [portOf(network, port)],
        ...probesOf(deployment, network, port ?? POD_PORT),
        ...(handover && { lifecycle: { preStop: { sleep: { seconds: HANDOVER_SECONDS } } } }),
        resources: resourcesOf(deployment, profile),
        securityContext: {
          allowPrivilegeEscalation: false,
          // faas-cli leaves it out where stack.yml does not say `true`: only who says `false` outright can write.
          readOnlyRootFilesystem: deployment.readOnlyRootFilesystem ?? true,
          capabilities: { drop: ['ALL'] },
        },
        volumeMounts: [
          { name: 'tmp', mountPath: '/tmp' },
          ...(secrets.length > 0 ? [{ name: 'secrets', mountPath: SECRETS_PATH, readOnly: true }] : []),
          ...hostVolumes.map(({ name, path }): V1VolumeMount => ({ name, mountPath: path, readOnly: true })),
        ],
      },
    ],
    volumes: [
      { name: 'tmp', emptyDir: { sizeLimit: SCRATCH } },
      ...(secrets.length > 0 ? [secretsVolume(secrets)] : []),
      // Only the agent writes, and makes the directory: made for a function it would be root's.
      ...hostVolumes.map(({ name, path }): V1Volume => ({ name, hostPath: { path, type: 'Directory' } })),
    ],
  }
}

function termsOf(wish: Wish, network: Network): V1NodeSelectorTerm[] {
  const hasPodNetwork: Requirement = { key: POD_NETWORK_LABEL, operator: 'NotIn', values: ['false'] }
  return requiredTerms(wish, network === 'host-port' ? [hasPodNetwork] : []).map(
    ({ matchExpressions, matchFields }) => ({
      matchExpressions,
      ...(matchFields.length > 0 && { matchFields }),
    })
  )
}

function secretsVolume(secrets: string[]): V1Volume {
  const sources = secrets.map((name) => ({ secret: { name } }))
  return { name: 'secrets', projected: { defaultMode: 0o444, sources } }
}

/** Ours come last, and once: where a function listens is not for stack.yml to say. */
function environmentOf({ envProcess, envVars }: Deployment, network: Network, port?: number): V1EnvVar[] {
  const ours = {
    PORT: String(network === 'host' ? port : POD_PORT),
    ...(network === 'host' && { HOST: '127.0.0.1' }),
    ...(envProcess && { fprocess: envProcess }),
  }
  return Object.entries({ ...envVars, ...ours }).map(([name, value]) => ({ name, value }))
}

function portOf(network: Network, port?: number): NonNullable<V1Container['ports']>[number] {
  const name = 'http'
  if (network === 'pod') return { name, containerPort: POD_PORT, protocol: 'TCP' }
  const containerPort = network === 'host' ? port! : POD_PORT
  return { name, containerPort, hostPort: port!, hostIP: '127.0.0.1', protocol: 'TCP' }
}

/** A function is asked often while it starts, and then as often as it takes to notice that it hangs. */
function probesOf(
  deployment: Deployment,
  network: Network,
  port: number
): Pick<V1Container, 'startupProbe' | 'livenessProbe' | 'readinessProbe'> {
  const { health, ready } = traitsOf(deployment)
  const asking = ({ path }: Probe): V1Probe => ({
    httpGet: {
      path,
      port: network === 'host' ? port : POD_PORT,
      scheme: 'HTTP',
      ...(network === 'host' && { host: '127.0.0.1' }),
    },
  })
  const delay = ({ initialDelaySeconds }: Probe) =>
    initialDelaySeconds > 0 ? { initialDelaySeconds: Math.ceil(initialDelaySeconds) } : {}
  return {
    startupProbe: {
      ...asking(health),
      ...delay(health),
      periodSeconds: 1,
      timeoutSeconds: 5,
      failureThreshold: START_SECONDS,
    },
    livenessProbe: { ...asking(health), periodSeconds: 5, timeoutSeconds: 5, failureThreshold: 3 },
    readinessProbe: {
      ...asking(ready),
      ...delay(ready),
      periodSeconds: 2,
      timeoutSeconds: 5,
      failureThreshold: 3,
    },
  }
}

/** As long as of-watchdog lets a request take. */
function graceOf({ envVars }: Deployment): number {
  const given = ['write_timeout', 'exec_timeout'].map((name) => secondsOf(envVars?.[name]) ?? 0)
  return Math.ceil(Math.max(GRACE_SECONDS, ...given))
}

/** An edge out of reach must not hold up the others; the node's own gateway holds requests through the gap. */
function updateStrategyOf({ spec }: ComposedProfile): V1DaemonSetUpdateStrategy {
  if (spec.strategy?.type === 'OnDelete') return { type: 'OnDelete' }
  const given = spec.strategy?.type === 'RollingUpdate' ? spec.strategy.rollingUpdate : undefined
  return { type: 'RollingUpdate', rollingUpdate: (given as object) ?? { maxUnavailable: '100%' } }
}

/** A new pod answers before an old one ends; on a node's own network both would want the same port. */
function strategyOf({ spec }: ComposedProfile, network: Network): V1DeploymentStrategy {
  if (spec.strategy?.type) return spec.strategy as V1DeploymentStrategy
  const rollingUpdate =
    network === 'pod' ? { maxUnavailable: 0, maxSurge: 1 } : { maxUnavailable: 1, maxSurge: 0 }
  return { type: 'RollingUpdate', rollingUpdate }
}
