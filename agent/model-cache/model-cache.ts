import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { openBackbone } from '../../lib/backbone/index.ts'
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
import { createAlarm } from '../../lib/waiting/index.ts'

export interface ModelCacheOptions {
  store: ObjectStore
  /** Has the registry's layout; only this cache writes it, functions read it. */
  directory: string
  model: string
  channel: string
  /** How often the registry is looked at without being told, in milliseconds. */
  pollMs?: number
}

export interface ModelCache {
  /** Looks at the registry at once: somebody says that the channel has moved. */
  poke(): void
  /** The version that the channel points at, as far as this node knows; null before the first. */
  wanted(): number | null
  /** The version that the cache offers to functions. */
  offered(): number | null
  /** Why the wanted version is not the one that is offered, or why nobody knows which one is wanted; null when all is well. */
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
  const alarm = createAlarm()
  let closing = false
  /** Ends the look at the registry that goes on now. */
  let looking = new AbortController()
  let wanted: ChannelPointer | undefined
  let offered: ChannelPointer | undefined
  let problem: string | null = null

  async function look(): Promise<void> {
    const object = await get(channelKey)
    if (!object) return
    wanted = parsePointer(object, channelKey)
    if (wanted.manifest === offered?.manifest) return
    await fetchVersion(wanted)
    await writeWhole(inCache(channelKey), object)
    offered = wanted
    problem = null
    await forgetOthers(offered)
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

  /** A backbone's folder appears whole and verified, or not at all. */
  async function fetchBackbone({ backbone: { hash } }: Manifest): Promise<void> {
    const target = backboneDirectory(hash)
    if (await exists(target)) return
    const draft = `${target}.part`
    await rm(draft, { recursive: true, force: true })
    for (const file of BACKBONE_FILES) {
      const bytes = await fetchObject(registryKeys.backboneFile(hash, file))
      await writeWhole(path.join(draft, file), bytes)
    }
    await verifyBackbone(draft, hash)
    await rename(draft, target)
  }

  const backboneDirectory = (hash: string) =>
    path.dirname(inCache(registryKeys.backboneFile(hash, BACKBONE_FILES[0])))

  async function fetchVerified(key: string, hash: string): Promise<Uint8Array> {
    const bytes = await fetchObject(key)
    if (sha256(bytes) === hash) return bytes
    throw new EdgeloopError('CORRUPT', 'an object of the registry does not match its hash', { where: key })
  }

  async function fetchObject(key: string): Promise<Uint8Array> {
    const object = await get(key)
    if (object) return object
    throw new EdgeloopError('CORRUPT', 'the registry is incomplete', { where: key })
  }

  async function get(key: string): Promise<Uint8Array | undefined> {
    return (await store.get(key, { signal: looking.signal }))?.body
  }

  /** Keeps the version that serves and the one before it. */
  async function forgetOthers({ version, previous }: ChannelPointer): Promise<void> {
    const versions = inCache(registryKeys.versions(model))
    for (const name of await readdir(versions)) {
      if (!/^\d+$/.test(name) || Number(name) === version || Number(name) === previous) continue
      await rm(path.join(versions, name), { recursive: true, force: true })
    }
  }

  /** What an earlier process left, if all of it is still as it was; what is not is fetched again. */
  async function readOffered(): Promise<ChannelPointer | undefined> {
    try {
      const pointer = parsePointer(await readFile(inCache(channelKey)), channelKey)
      const manifestKey = registryKeys.manifest(model, pointer.version)
      const bytes = await readVerified(manifestKey, pointer.manifest)
      const manifest = parseManifest(bytes, manifestKey)
      for (const [file, { sha256: hash }] of Object.entries(manifest.files))
        await readVerified(registryKeys.file(model, pointer.version, file), hash)
      await checkBackbone(manifest)
      return pointer
    } catch {
      return undefined
    }
  }

  async function readVerified(key: string, hash: string): Promise<Uint8Array> {
    const bytes = await readFile(inCache(key))
    if (sha256(bytes) === hash) return bytes
    throw new EdgeloopError('CORRUPT', 'a file of the cache does not match its hash', { where: key })
  }

  async function checkBackbone({ backbone: { hash } }: Manifest): Promise<void> {
    const target = backboneDirectory(hash)
    try {
      await verifyBackbone(target, hash)
    } catch (error) {
      await rm(target, { recursive: true, force: true })
      throw error
    }
  }

  async function follow(): Promise<void> {
    offered = await readOffered()
    wanted = offered
    for (let failures = 0; !closing; ) {
      try {
        await look()
        problem = null
        failures = 0
      } catch (thrown) {
        failures++
        problem = describe(thrown)
      }
      if (!closing) await alarm.wait(Math.min(pollMs * 2 ** failures, MAX_BACKOFF_MS))
      looking = new AbortController()
    }
  }

  function describe(thrown: unknown): string {
    const { message, where } = asEdgeloopError(thrown)
    const what =
      wanted && wanted.manifest !== offered?.manifest ? `version ${wanted.version} cannot be fetched: ` : ''
    return `${what}${message}${where ? ` (${where})` : ''}`
  }

  const following = follow()
  return {
    poke: () => alarm.ring(),
    wanted: () => wanted?.version ?? null,
    offered: () => offered?.version ?? null,
    problem: () => problem,
    async close() {
      closing = true
      looking.abort()
      alarm.ring()
      await following
    },
  }
}

function parsePointer(bytes: Uint8Array, where: string): ChannelPointer {
  try {
    return channelPointer.parse(JSON.parse(new TextDecoder().decode(bytes)))
  } catch (cause) {
    throw new EdgeloopError('CORRUPT', 'the channel cannot be read', { where, cause })
  }
}

async function verifyBackbone(directory: string, hash: string): Promise<void> {
  const { manifest } = await openBackbone(directory)
  if (manifest.hash === hash) return
  throw new EdgeloopError('CORRUPT', `this is backbone ${manifest.hash}, not ${hash}`, { where: directory })
}

async function exists(directory: string): Promise<boolean> {
  return stat(directory).then(
    () => true,
    () => false
  )
}

/** Readers see the old file or the new one, never half of it. */
async function writeWhole(file: string, bytes: Uint8Array): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true })
  await writeFile(`${file}.part`, bytes, { flush: true })
  await rename(`${file}.part`, file)
}
