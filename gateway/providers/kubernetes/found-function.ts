import type { V1NodeSelectorTerm, V1PodTemplateSpec } from '@kubernetes/client-node'
import { type Deployment, deployment as deploymentSchema } from '../../../lib/stack/index.ts'
import {
  type Placement,
  placementFor,
  type Requirement,
  switchLabel,
  type Term,
  type Toleration,
} from '../../placement/index.ts'
import { ANNOTATIONS } from './names.ts'
import type { Workload } from './workload.ts'

/** A function as the cluster has it. */
export interface FoundFunction {
  workload: Workload
  name: string
  namespace: string
  /** What was asked for. */
  deployment: Deployment
  /** Where it listens at 127.0.0.1 of its nodes: it is reached there, and not from here. */
  port: number | undefined
  /** Of the pods that are as it is now. */
  revision: string | undefined
  createdAt: string
  /** Where it belongs, also where it is switched off: its pods' affinity says so, whatever has become of its profiles. */
  suits: Placement
}

const known = new WeakMap<Workload, FoundFunction | undefined>()

/** Reads a workload; undefined when the gateway has not made it. */
export function readFunction(workload: Workload): FoundFunction | undefined {
  if (!known.has(workload)) known.set(workload, read(workload))
  return known.get(workload)
}

function read(workload: Workload): FoundFunction | undefined {
  const { name, namespace, annotations = {}, creationTimestamp } = workload.metadata!
  const deployment = readAnnotation(annotations[ANNOTATIONS.deployment])
  if (!deployment) return undefined
  const port = annotations[ANNOTATIONS.port]
  const { template } = workload.spec!
  return {
    workload,
    name: name!,
    namespace: namespace!,
    deployment,
    port: port === undefined ? undefined : Number(port),
    revision: template.metadata?.annotations?.[ANNOTATIONS.revision],
    createdAt: new Date(creationTimestamp!).toISOString(),
    suits: suitsOf(name!, template),
  }
}

function readAnnotation(text: string | undefined): Deployment | undefined {
  try {
    return deploymentSchema.parse(JSON.parse(text ?? ''))
  } catch {
    return undefined
  }
}

function suitsOf(name: string, { spec }: V1PodTemplateSpec): Placement {
  const required = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  const terms = (required?.nodeSelectorTerms ?? []).map((term) => withoutSwitch(name, term))
  return placementFor({ terms, tolerations: (spec?.tolerations ?? []) as Toleration[] })
}

function withoutSwitch(name: string, { matchExpressions = [], matchFields = [] }: V1NodeSelectorTerm): Term {
  return {
    matchExpressions: (matchExpressions as Requirement[]).filter(({ key }) => key !== switchLabel(name)),
    matchFields: matchFields as Requirement[],
  }
}
