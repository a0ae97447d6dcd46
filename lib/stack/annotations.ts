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
  /** `any`: a caller in the cloud that names no edge gets any edge's answer. */
  relay: 'any' | undefined
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
    relay: annotations?.['edgeloop.dev/relay'] === 'any' ? 'any' : undefined,
  }
}

function list(value: string | undefined): string[] {
  return (value ?? '').split(',').flatMap((item) => item.trim() || [])
}
