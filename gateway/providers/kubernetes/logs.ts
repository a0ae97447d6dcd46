import type { V1Pod } from '@kubernetes/client-node'
import type { LogLine, LogQuery } from '../../provider.ts'
import { edgeLog, type Relays } from '../../relay/index.ts'
import { mergeLogs } from '../merge-logs.ts'
import type { ClusterView } from './cluster-view.ts'
import { type PodLogOptions, podLog } from './pod-log.ts'

export interface PodLogsOptions extends Pick<PodLogOptions, 'client'> {
  view: ClusterView
  /** How edges are asked; the cluster's API is where there is no line to one. */
  relays?: Pick<Relays, 'edges' | 'ask'>
}

/** What the pods of a function have written, merged by time. Those at an edge are asked for over its agent's line. */
export function logsOf(
  { client, view, relays }: PodLogsOptions,
  query: LogQuery & { namespace: string },
  signal: AbortSignal
): AsyncGenerator<LogLine> {
  const { name, namespace, instance, follow } = query
  const podOf = (uid: string) => view.pods.of(namespace, name).find(({ metadata }) => metadata!.uid === uid)

  function opener(pod: V1Pod): (signal: AbortSignal) => AsyncGenerator<LogLine> {
    const { name: podName, uid = '' } = pod.metadata!
    const node = pod.spec?.nodeName
    return (signal) => {
      if (node !== undefined && relays?.edges().includes(node))
        return edgeLog({
          edge: node,
          query: { ...query, instance: podName },
          signal,
          ask: (path, request) => relays.ask(node, path, request),
        })
      return podLog({
        client,
        pod,
        query,
        offlineSince: () => (node === undefined ? undefined : view.offlineSince(node)),
        current: () => podOf(uid),
        signal,
      })
    }
  }

  const current = () =>
    new Map(
      view.pods
        .of(namespace, name)
        .filter(({ metadata }) => instance === undefined || instance === metadata!.name)
        .map((pod) => [pod.metadata!.uid ?? '', opener(pod)] as const)
    )
  return mergeLogs(
    { current, watch: (listener) => view.pods.watch(namespace, name, listener), follow },
    signal
  )
}
