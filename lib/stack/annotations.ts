import type { Deployment } from './schema.ts'

/** What Edgeloop reads from a function's annotations. */
export interface FunctionTraits {
  /** MQTT topic filters that invoke it. */
  topics: string[]
  /** Profiles that place it, composed in this order. */
  profiles: string[]
  /** What the agent adds to its events. */
  context: ReadonlySet<string>
  /** Invocations at the same time, per node. */
  maxInflight: number
  /** What comes from one device, or on one topic, reaches it in order: the next one waits until this one is done. */
  ordered: boolean
  /** `any`: a caller in the cloud that names no edge gets any edge's answer. */
  relay: 'any' | undefined
  /** `gateway`: whoever invokes it needs the gateway's credentials. */
  auth: 'gateway' | undefined
  /** What its image is built for, in Kubernetes' words (`amd64`, `arm64`); empty when nobody said. */
  architectures: string[]
  /** Its image listens on `$PORT` at `$HOST`, and so can do on a node's own network. */
  hostNetwork: boolean
  /** How it is asked whether it lives, and whether it takes requests. */
  health: Probe
  ready: Probe
}

/** A path that answers 200, and when it is first asked. */
export interface Probe {
  path: string
  initialDelaySeconds: number
}

const DEFAULT_MAX_INFLIGHT = 1

/** Reads a function's annotations; what it does not know it ignores, as OpenFaaS does. */
export function traitsOf({ annotations }: Pick<Deployment, 'annotations'>): FunctionTraits {
  const maxInflight = Number(annotations?.['edgeloop.dev/max-inflight'])
  return {
    topics: list(annotations?.topic),
    profiles: list(annotations?.['com.openfaas.profile']),
    context: new Set(list(annotations?.['edgeloop.dev/context'])),
    maxInflight: Number.isInteger(maxInflight) && maxInflight > 0 ? maxInflight : DEFAULT_MAX_INFLIGHT,
    ordered: annotations?.['edgeloop.dev/order'] === 'device',
    relay: annotations?.['edgeloop.dev/relay'] === 'any' ? 'any' : undefined,
    auth: annotations?.['edgeloop.dev/auth'] === 'gateway' ? 'gateway' : undefined,
    architectures: list(annotations?.['edgeloop.dev/arch']),
    hostNetwork: annotations?.['edgeloop.dev/host-network'] === 'ok',
    health: probe('health', '/_/health', annotations),
    ready: probe('ready', '/_/ready', annotations),
  }
}

/** As OpenFaaS reads it. https://docs.openfaas.com/reference/workloads/ */
function probe(kind: string, path: string, annotations: Deployment['annotations']): Probe {
  return {
    path: annotations?.[`com.openfaas.${kind}.http.path`] || path,
    initialDelaySeconds: secondsOf(annotations?.[`com.openfaas.${kind}.http.initialDelay`]) ?? 0,
  }
}

const UNITS: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1, ms: 0.001 }

/** Go's durations, as OpenFaaS writes them: `1m30s`, `500ms`; a bare number is seconds. */
export function secondsOf(duration: string | undefined): number | undefined {
  if (duration === undefined) return undefined
  if (/^\d+$/.test(duration)) return Number(duration)
  if (!/^(\d+(\.\d+)?(h|ms|m|s))+$/.test(duration)) return undefined
  const parts = [...duration.matchAll(/([\d.]+)(h|ms|m|s)/g)]
  return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * UNITS[unit!]!, 0)
}

function list(value: string | undefined): string[] {
  return (value ?? '').split(',').flatMap((item) => item.trim() || [])
}
