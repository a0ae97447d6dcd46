import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { V1Pod } from '@kubernetes/client-node'
import { asEdgeloopError, type EdgeloopError } from '../../../lib/errors/index.ts'
import type { KubernetesClient } from '../../../lib/kubernetes/index.ts'
import type { LogLine, LogQuery } from '../../provider.ts'
import { paths } from './names.ts'
import { troubleOf } from './pods.ts'

export interface PodLogOptions {
  client: KubernetesClient
  pod: V1Pod
  query: LogQuery & { namespace: string }
  /** Since when its node is out of reach, if it is. */
  offlineSince(): Date | undefined
  /** The pod as it is now, if it still is. */
  current(): V1Pod | undefined
  signal: AbortSignal
}

/** Of a line that is longer only the beginning is passed on, in characters. */
const LINE_LENGTH = 16 * 1024
/** Before a log that has ended is looked at again: its container may start anew, in milliseconds. */
const PAUSE_MS = 1000

/**
 * What a pod has written; with `follow` until it is gone, over restarts of its container. Why it cannot be read is a
 * line of its own.
 */
export async function* podLog(options: PodLogOptions): AsyncGenerator<LogLine> {
  const { client, pod, query, signal } = options
  const { name, namespace, follow } = query
  const instance = pod.metadata!.name!
  const about = { name, namespace, instance }
  let { tail, since } = query
  /** How far it has been read: several lines may have the same time. */
  let last = { timestamp: '', lines: 0 }
  let said = ''
  do {
    const notice = noticeOf(options)
    let trouble = notice
    if (notice === undefined)
      try {
        const stream = await client.stream(
          paths.log(namespace, instance),
          { follow, timestamps: true, tailLines: tail, sinceTime: since?.toISOString() },
          signal
        )
        const before = last
        let again = before.lines
        for await (const { timestamp, text } of entriesOf(stream)) {
          // Seconds are as fine as Kubernetes looks.
          if (timestamp < before.timestamp || (since && Date.parse(timestamp) < since.getTime())) continue
          if (timestamp === before.timestamp && again-- > 0) continue
          last = { timestamp, lines: timestamp === last.timestamp ? last.lines + 1 : 1 }
          yield { ...about, timestamp, text }
        }
        said = ''
      } catch (error) {
        if (signal.aborted) return
        trouble = whyNot(asEdgeloopError(error), options)
      }
    if (trouble !== undefined && trouble !== said) {
      yield { ...about, timestamp: new Date().toISOString(), text: trouble }
      said = trouble
    }
    if (!follow || signal.aborted) return
    if (last.timestamp) {
      since = new Date(last.timestamp)
      tail = undefined
    }
    await sleep(PAUSE_MS, undefined, { signal }).catch(() => {})
  } while (!signal.aborted && options.current())
}

/** A container that has not started has written nothing; it is said what holds it up, if anything does. */
function whyNot({ code, message }: EdgeloopError, { pod, current }: PodLogOptions): string | undefined {
  const name = pod.metadata!.name!
  if (code === 'INVALID_INPUT') {
    const trouble = troubleOf(current() ?? pod)
    return trouble && `${name} has not started: ${trouble}`
  }
  return `the log of ${name} cannot be read: ${message}`
}

/** Kubernetes' own answer for a node that is out of reach is slow, and empty. */
function noticeOf({ pod, offlineSince }: PodLogOptions): string | undefined {
  const since = offlineSince()
  if (!since) return undefined
  const { nodeName } = pod.spec!
  return `${nodeName} is offline since ${since.toISOString()}: what ${pod.metadata!.name} has written is there`
}

/** Lines begin with the time at which they were written. */
async function* entriesOf(stream: Readable): AsyncGenerator<{ timestamp: string; text: string }> {
  for await (const line of linesOf(stream)) {
    const space = line.indexOf(' ')
    if (space > 0) yield { timestamp: line.slice(0, space), text: line.slice(space + 1) }
  }
}

/** Lines of bounded length, whatever comes. */
async function* linesOf(stream: Readable): AsyncGenerator<string> {
  stream.setEncoding('utf8')
  let line = ''
  for await (const chunk of stream as AsyncIterable<string>) {
    let from = 0
    for (let end = chunk.indexOf('\n'); end >= 0; end = chunk.indexOf('\n', from)) {
      yield (line + chunk.slice(from, end)).slice(0, LINE_LENGTH)
      line = ''
      from = end + 1
    }
    line = (line + chunk.slice(from)).slice(0, LINE_LENGTH)
  }
  if (line) yield line
}
