/** A node that could run functions. */
export interface Node {
  name: string
  labels: Readonly<Record<string, string>>
  taints?: readonly Taint[]
}

/** What keeps pods off a node that do not tolerate it. */
export interface Taint {
  key: string
  value?: string
  effect: string
}

/** https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/ */
export interface Toleration {
  key?: string
  operator?: string
  value?: string
  effect?: string
  tolerationSeconds?: number
}

/**
 * The taints that keep a pod off a node. Those that Kubernetes sets and takes away by itself (a node that is not ready,
 * out of reach or cordoned) count for nothing: the pod waits until the node is back.
 */
export function untolerated(node: Node, tolerations: readonly Toleration[]): Taint[] {
  return (node.taints ?? []).filter(
    (taint) =>
      (taint.effect === 'NoSchedule' || taint.effect === 'NoExecute') &&
      !taint.key.startsWith('node.kubernetes.io/') &&
      !tolerations.some((toleration) => tolerates(toleration, taint))
  )
}

function tolerates({ key, operator, value, effect }: Toleration, taint: Taint): boolean {
  if (effect && effect !== taint.effect) return false
  if (key && key !== taint.key) return false
  if (operator === 'Exists') return true
  return key !== undefined && (value ?? '') === (taint.value ?? '')
}
