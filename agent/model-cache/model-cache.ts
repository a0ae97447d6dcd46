import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { asEdgeloopError, EdgeloopError } from '../../lib/errors/index.ts'
import {
  BACKBONE_FILES,
  type ChannelPointer,
  channelPointer,
  type Manifest,
  parseManifest,
  registryKeys,
  sha256,
} from '../../lib/registry/index.ts'
import type { ObjectStore } from '../../lib/s3/index.ts'

export interface ModelCacheOptions {
  store: ObjectStore
  /** Has the registry's layout; only this cache writes it, functions read it. */
  directory: string
  model: string
  channel: string
  /** How often the registry is looked at without being told, in milliseconds. */
  pollMs?: number
  /** Called when the channel's version is in the cache. */
  onFetched?(version: number): void
}

export interface ModelCache {
  /** Looks at the registry at once: somebody says that the channel has moved. */
  poke(): void
  /** The version that the cache offers to functions. */
  offered(): number | null
  /** Why the newest version is not there yet; null when it is, or when there is none. */
  problem(): string | null
  close(): Promise<void>
}

/** The longest pause between two attempts while the registry is out of reach, in milliseconds. */
const MAX_BACKOFF_MS = 10_000

/** Keeps the channel's version of one model on this node's disk, complete and verified before anybody sees it. */
export function createModelCache(options: ModelCacheOptions): ModelCache {
  const { store, directory, model, channel, pollMs = 1000 } = options
  const inCache = (key: string) => path.join(directory, key)
  const channelKey = registryKeys.channel(model, channel)
  const closing = new AbortController()
  let wake = new AbortController()
  let offered: ChannelPointer | undefined
  let problem: string | null = null

  async function look(): Promise<void> {
    const object = await store.get(channelKey)
    if (!object) return
    const pointer = channelPointer.parse(JSON.parse(new TextDecoder().decode(object.body)))
    if (pointer.manifest === offered?.manifest) return
    await fetchVersion(pointer)
    await writeWhole(inCache(channelKey), object.body)
    const outdated = offered?.version
    offered = pointer
    options.onFetched?.(pointer.version)
    await forget(outdated, pointer)
  }

  async function fetchVersion(pointer: ChannelPointer): Promise<void> {
    const manifestKey = registryKeys.manifest(model, pointer.version)
    const bytes = await fetchVerified(manifestKey, pointer.manifest)
    const manifest = parseManifest(bytes, manifestKey)
    await fetchBackbone(manifest)
    for (const [file, { sha256: hash }] of Object.entries(manifest.files)) {
      const key = registryKeys.file(model, pointer.version, file)
      await writeWhole(inCache(key), await fetchVerified(key, hash))
    }
    await writeWhole(inCache(manifestKey), bytes)
  }

  /** A backbone is verified as a whole by whoever opens it; it is here once its last file is. */
  async function fetchBackbone({ backbone }: Manifest): Promise<void> {
    const last = registryKeys.backboneFile(backbone.hash, BACKBONE_FILES.at(-1)!)
    if (await readFile(inCache(last)).catch(() => undefined)) return
    for (const file of BACKBONE_FILES) {
      const key = registryKeys.backboneFile(backbone.hash, file)
      await writeWhole(inCache(key), await fetchObject(key))
    }
  }

  async function fetchVerified(key: string, hash: string): Promise<Uint8Array> {
    const bytes = await fetchObject(key)
    if (sha256(bytes) === hash) return bytes
    throw new EdgeloopError('CORRUPT', 'an object of the registry does not match its hash', { where: key })
  }

  async function fetchObject(key: string): Promise<Uint8Array> {
    const object = await store.get(key)
    if (object) return object.body
    throw new EdgeloopError('CORRUPT', 'the registry is incomplete', { where: key })
  }

  /** Keeps the version that serves and the one before it. */
  async function forget(outdated: number | undefined, kept: ChannelPointer): Promise<void> {
    if (outdated === undefined || outdated === kept.version || outdated === kept.previous) return
    await rm(path.dirname(inCache(registryKeys.manifest(model, outdated))), { recursive: true, force: true })
  }

  async function follow(): Promise<void> {
    offered = await readOffered(inCache(channelKey))
    for (let failures = 0; !closing.signal.aborted; ) {
      try {
        await look()
        problem = null
        failures = 0
      } catch (thrown) {
        failures++
        problem = asEdgeloopError(thrown).message
      }
      const pause = Math.min(pollMs * 2 ** failures, MAX_BACKOFF_MS)
      await sleep(pause, undefined, { signal: AbortSignal.any([closing.signal, wake.signal]) }).catch(
        () => {}
      )
      if (wake.signal.aborted) wake = new AbortController()
    }
  }

  const following = follow()
  return {
    poke: () => wake.abort(),
    offered: () => offered?.version ?? null,
    problem: () => problem,
    async close() {
      closing.abort()
      await following
    },
  }
}

async function readOffered(file: string): Promise<ChannelPointer | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  try {
    return channelPointer.parse(JSON.parse(text))
  } catch {
    // Fetched again on the first look.
    return undefined
  }
}

/** Readers see the old file or the new one, never half of it. */
async function writeWhole(file: string, bytes: Uint8Array): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true })
  await writeFile(`${file}.part`, bytes, { flush: true })
  await rename(`${file}.part`, file)
}
