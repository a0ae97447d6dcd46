import type { IncomingMessage } from 'node:http'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { asEdgeloopError, EdgeloopError } from '../errors/index.ts'
import type { KubernetesClient } from './client.ts'
import type { KubernetesObject } from './object.ts'

/** Objects of the cluster as they are, kept up to date by a watch. */
export interface Mirror<T> {
  get(name: string): T | undefined
  values(): IterableIterator<T>
  /** Whether the objects have been there once. */
  isLoaded(): boolean
  /** Whether the watch stands; what is known is old while it does not. */
  isCurrent(): boolean
  /** Takes over what a change has answered, so that whoever made it sees it at once. */
  put(object: T): void
  /** Takes out what has been removed, before the watch says so. */
  drop(object: T): void
  /** Resolves once the objects are there; rejects with the reason when they are not in time. */
  ready(timeoutMs: number): Promise<void>
  close(): void
}

export interface MirrorOptions<T> {
  client: KubernetesClient
  /** Of the list: `/api/v1/nodes`. */
  path: string
  labelSelector?: string
  /** Called after a change, with what was there before and what is there now. */
  onChange?(before: T | undefined, after: T | undefined): void
  /** Why it cannot be kept up to date at the moment; it goes on trying. */
  onTrouble(error: EdgeloopError): void
}

interface WatchEvent<T> {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'
  object: T
}

/** A watch is ended by the server after so long, in seconds, and begun again where it was. */
const WATCH_SECONDS = 60
/** A connection that says nothing for longer than the server would let it is dead, in milliseconds. */
const SILENCE_MS = (WATCH_SECONDS + 15) * 1000
const PAUSE_MS = { first: 100, most: 5000 }
/** A watch is not begun more often than this, whatever ends it, in milliseconds. */
const LEAST_WATCH_MS = 1000
/** Trouble that is over by the next attempt but one is not worth a word. */
const ATTEMPTS_BEFORE_COMPLAINT = 3

export function createMirror<T extends KubernetesObject>(options: MirrorOptions<T>): Mirror<T> {
  const { client, path, labelSelector, onChange, onTrouble } = options
  const objects = new Map<string, T>()
  /** Removed by us: what the watch still says about them is old. */
  const dropped = new Set<string>()
  const closing = new AbortController()
  let trouble: EdgeloopError | undefined
  let loaded = false
  let synced = () => {}
  const first = new Promise<void>((resolve) => {
    synced = resolve
  })

  function set(object: T): void {
    const name = object.metadata!.name!
    const before = objects.get(name)
    if (dropped.has(object.metadata!.uid!) || (before && !isNewer(object, before))) return
    objects.set(name, object)
    onChange?.(before, object)
  }

  function take(name: string): void {
    const before = objects.get(name)
    if (!before) return
    objects.delete(name)
    onChange?.(before, undefined)
  }

  /** Everything anew. What we know to be newer than the list stays: the watch will speak of it. */
  async function load(): Promise<string> {
    const { items, resourceVersion } = await client.list<T>(path, { labelSelector })
    const found = new Set(items.map(({ metadata }) => metadata!.name!))
    for (const [name, { metadata }] of objects)
      if (!found.has(name) && BigInt(metadata!.resourceVersion!) <= BigInt(resourceVersion)) take(name)
    for (const item of items) set(item)
    dropped.clear()
    return resourceVersion
  }

  async function watch(
    since: string,
    onOpen: () => void,
    onVersion: (version: string) => void
  ): Promise<void> {
    const over = new AbortController()
    const stop = () => over.abort()
    closing.signal.addEventListener('abort', stop, { once: true })
    try {
      const query = {
        watch: true,
        labelSelector,
        resourceVersion: since,
        allowWatchBookmarks: true,
        timeoutSeconds: WATCH_SECONDS,
      }
      const stream = await client.stream(path, query, over.signal)
      onOpen()
      for await (const line of linesOf(stream)) {
        const { type, object } = JSON.parse(line) as WatchEvent<T>
        if (type === 'ERROR') throw interrupted(object, path)
        onVersion(object.metadata!.resourceVersion!)
        if (type === 'DELETED') {
          const { name, uid } = object.metadata!
          dropped.delete(uid!)
          if (objects.get(name!)?.metadata?.uid === uid) take(name!)
        } else if (type !== 'BOOKMARK') set(object)
      }
    } finally {
      closing.signal.removeEventListener('abort', stop)
      over.abort()
    }
  }

  async function pauseFor(ms: number): Promise<void> {
    if (ms > 0) await sleep(ms, undefined, { signal: closing.signal }).catch(() => {})
  }

  async function run(): Promise<void> {
    let version: string | undefined
    let pause = PAUSE_MS.first
    let failures = 0
    while (!closing.signal.aborted) {
      try {
        version ??= await load()
        loaded = true
        synced()
        const onOpen = () => {
          pause = PAUSE_MS.first
          failures = 0
          trouble = undefined
        }
        const began = performance.now()
        await watch(version, onOpen, (next) => {
          version = next
        })
        await pauseFor(LEAST_WATCH_MS - (performance.now() - began))
      } catch (thrown) {
        if (closing.signal.aborted) return
        const error = asEdgeloopError(thrown)
        const status = statusOf(error)
        // The server does not know any more what it would go on from, or says that it never did: list anew.
        if (status !== undefined) version = undefined
        trouble = error
        if (++failures === ATTEMPTS_BEFORE_COMPLAINT) onTrouble(error)
        await pauseFor(pause)
        pause = Math.min(2 * pause, PAUSE_MS.most)
      }
    }
  }

  run().catch((error: unknown) => onTrouble(asEdgeloopError(error)))

  return {
    get: (name) => objects.get(name),
    values: () => objects.values(),
    isLoaded: () => loaded,
    isCurrent: () => trouble === undefined,
    put: set,
    drop(object) {
      const { name, uid } = object.metadata!
      dropped.add(uid!)
      if (objects.get(name!)?.metadata?.uid === uid) take(name!)
    },
    async ready(timeoutMs) {
      const timer = new AbortController()
      const over = sleep(timeoutMs, 'late', { signal: timer.signal }).catch(() => 'late')
      const outcome = await Promise.race([first, over])
      timer.abort()
      if (outcome === 'late') throw trouble ?? late(path, timeoutMs)
    },
    close: () => closing.abort(),
  }
}

/** The API server counts versions up; an older one comes when the watch is behind what a change answered. */
function isNewer({ metadata }: KubernetesObject, { metadata: other }: KubernetesObject): boolean {
  return BigInt(metadata!.resourceVersion!) > BigInt(other!.resourceVersion!)
}

const late = (path: string, ms: number) =>
  new EdgeloopError('UNAVAILABLE', `Kubernetes did not list them within ${ms} ms`, { where: path })

function interrupted(status: object, path: string): EdgeloopError {
  const { code, message } = status as { code?: number; message?: string }
  return new EdgeloopError('UNAVAILABLE', message ?? 'the watch was ended', {
    where: path,
    cause: { status: code },
  })
}

/** What the server has answered, if it has. */
function statusOf({ cause }: EdgeloopError): number | undefined {
  return (cause as { status?: number } | undefined)?.status
}

async function* linesOf(stream: IncomingMessage): AsyncGenerator<string> {
  const silent = setTimeout(() => stream.destroy(new Error('the watch has fallen silent')), SILENCE_MS)
  const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })
  // readline does not pass its input's errors on.
  let failure: Error | undefined
  stream.once('error', (error) => {
    failure = error
    lines.close()
  })
  try {
    for await (const line of lines) {
      silent.refresh()
      if (line !== '') yield line
    }
    if (failure) throw failure
  } finally {
    clearTimeout(silent)
    stream.destroy()
  }
}
