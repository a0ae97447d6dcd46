import { createAlarm } from '../../../lib/waiting/index.ts'
import type { LogLine, LogQuery } from '../../provider.ts'
import type { ClusterView } from './cluster-view.ts'
import { type PodLogOptions, podLog } from './pod-log.ts'

/** How long the first lines of all pods are waited for, so that the oldest of them comes first, in milliseconds. */
const SETTLE_MS = 300
/** New lines ring; this only bounds a pause, in milliseconds. */
const PAUSE_MS = 60_000

/** A pod's log with the line that comes next, which waits until it is the oldest of all. */
interface Source {
  lines: AsyncGenerator<LogLine>
  next: LogLine | undefined
  state: 'idle' | 'reading' | 'ended'
}

/**
 * What the pods of a function have written, merged by time; of each pod no more than a few lines are held. With
 * `follow` the logs of pods that come later join in, and lines come as they are written.
 */
export async function* logsOf(
  { client, view }: Pick<PodLogOptions, 'client'> & { view: ClusterView },
  query: LogQuery & { namespace: string },
  signal: AbortSignal
): AsyncGenerator<LogLine> {
  const { name, namespace, instance, follow } = query
  const sources = new Map<string, Source>()
  const alarm = createAlarm()
  const stopping = new AbortController()
  const stop = () => {
    stopping.abort()
    alarm.ring()
  }
  const podOf = (uid: string) => view.pods.of(namespace, name).find(({ metadata }) => metadata!.uid === uid)
  const join = () => {
    for (const pod of view.pods.of(namespace, name)) {
      const { name: podName, uid = '' } = pod.metadata!
      if (sources.has(uid) || (instance !== undefined && instance !== podName)) continue
      const node = pod.spec?.nodeName
      const options: PodLogOptions = {
        client,
        pod,
        query,
        offlineSince: () => (node === undefined ? undefined : view.offlineSince(node)),
        current: () => podOf(uid),
        signal: stopping.signal,
      }
      sources.set(uid, { lines: podLog(options), next: undefined, state: 'idle' })
      alarm.ring()
    }
  }
  const unwatch = view.pods.watch(namespace, name, () => follow && join())
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()

  try {
    join()
    const settled = performance.now() + SETTLE_MS
    while (!stopping.signal.aborted) {
      for (const [uid, source] of sources)
        if (source.state === 'ended' && source.next === undefined && !podOf(uid)) sources.delete(uid)
      const open = [...sources.values()]
      for (const source of open) if (source.next === undefined) read(source, alarm.ring)
      // Without `follow` each log ends, so that the oldest line is known once each has said its next one.
      const settling = settled - performance.now()
      const isOpen = open.some(({ next, state }) => next === undefined && state === 'reading')
      if (isOpen && (!follow || settling > 0)) {
        await alarm.wait(follow ? settling : PAUSE_MS)
        continue
      }
      const [oldest] = open.filter(({ next }) => next !== undefined).sort(byTime)
      if (oldest) {
        const line = oldest.next!
        oldest.next = undefined
        yield line
      } else if (follow) await alarm.wait(PAUSE_MS)
      else return
    }
  } finally {
    unwatch()
    stop()
    signal.removeEventListener('abort', stop)
  }
}

function read(source: Source, onLine: () => void): void {
  if (source.state !== 'idle') return
  source.state = 'reading'
  const end = () => {
    source.state = 'ended'
    onLine()
  }
  source.lines.next().then(({ value, done }) => {
    if (done) return end()
    source.next = value
    source.state = 'idle'
    onLine()
  }, end)
}

function byTime({ next: a }: Source, { next: b }: Source): number {
  return Date.parse(a!.timestamp) - Date.parse(b!.timestamp) || (a!.timestamp < b!.timestamp ? -1 : 1)
}
