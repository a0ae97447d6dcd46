import { readdir } from 'node:fs/promises'
import path from 'node:path'
import type { LogLine, LogQuery } from '../../gateway/index.ts'
import { createCriReader } from './cri.ts'
import { followFile } from './follow-file.ts'
import type { LogSource } from './routes.ts'

/** Of a function's pod. */
const CONTAINER = 'function'

/**
 * The logs that the kubelet keeps of a pod: `NAMESPACE_POD_UID/CONTAINER/RESTARTS.log`. Only of a pod that is named, and of
 * its present container, as `kubectl logs`.
 *
 * @param directory usually /var/log/pods
 */
export function podLogs(directory: string): LogSource {
  async function* lines(query: LogQuery, signal: AbortSignal): AsyncGenerator<LogLine> {
    const { name, namespace = '', instance, tail, since, follow } = query
    if (!instance) return
    const about = { name, namespace, instance }
    const newest = () => newestLog(directory, namespace, instance)
    const read = createCriReader()
    const written = readAll(followFile(newest, { follow, signal }), read)
    let last: LogLine[] | undefined = tail === undefined ? undefined : []
    for await (const entry of written) {
      if (entry === 'caught up') {
        yield* last ?? []
        last = undefined
        continue
      }
      if (since && Date.parse(entry.timestamp) < since.getTime()) continue
      const line = { ...about, ...entry }
      if (!last) yield line
      else if (last.push(line) > tail!) last.shift()
    }
  }
  return lines
}

async function* readAll(
  pieces: AsyncIterable<string | 'caught up'>,
  read: ReturnType<typeof createCriReader>
): AsyncGenerator<{ timestamp: string; text: string } | 'caught up'> {
  for await (const piece of pieces) {
    if (piece === 'caught up') yield piece
    else {
      const entry = read(piece)
      if (entry) yield entry
    }
  }
}

/** @returns the file of the present container; undefined while there is none */
async function newestLog(directory: string, namespace: string, pod: string): Promise<string | undefined> {
  const [folder] = (await readdir(directory).catch(() => [])).filter((each) =>
    each.startsWith(`${namespace}_${pod}_`)
  )
  if (folder === undefined) return undefined
  const container = path.join(directory, folder, CONTAINER)
  const restarts = (await readdir(container).catch(() => [])).flatMap(
    (file) => /^(\d+)\.log$/.exec(file)?.[1] ?? []
  )
  if (restarts.length === 0) return undefined
  return path.join(container, `${Math.max(...restarts.map(Number))}.log`)
}
