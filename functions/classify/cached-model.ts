import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { z } from 'zod'
import { asEdgeloopError, EdgeloopError } from '../../lib/errors/index.ts'
import type { Head } from '../../lib/head/index.ts'
import type { ModelSelection } from '../../lib/model-selection/index.ts'
import { type NoveltyScorer, noveltyScorer } from '../../lib/novelty/index.ts'
import {
  channelPointer,
  HEAD_FILE,
  type Manifest,
  NOVELTY_FILE,
  offeredVersions,
  parseManifest,
  readHead,
  readNovelty,
  registryKeys,
  sha256,
} from '../../lib/registry/index.ts'

/** A version, and what its manifest must hash to. */
export interface CachedVersion {
  version: number
  /** SHA-256 of the manifest's bytes. */
  manifest: string
}

/** What the cache says is to be served of a model. */
export interface WantedVersions {
  /** The one for whoever names none: the first channel's, or the newest. */
  main: CachedVersion | undefined
  /** All of them, the main one first. */
  versions: CachedVersion[]
  /** Channels with their versions. */
  labels: ReadonlyMap<string, CachedVersion>
  /** Why the cache cannot be believed at the moment; what it said before goes on then. */
  problem: EdgeloopError | undefined
}

/** The node's cache of one model; it has the registry's layout. */
export interface CachedModel {
  wanted(): Promise<WantedVersions>
  /** A version's files, verified. */
  version(version: CachedVersion): Promise<VersionFiles>
}

/** What a version is made of, its backbone excepted. */
export interface VersionFiles {
  manifest: Manifest
  head: Head
  /** Undefined where the version does not know what is foreign. */
  novelty: { score: NoveltyScorer; threshold: number } | undefined
}

/** Opens a model in the cache directory; nothing needs to be there yet. */
export function cachedModel(cache: string, { model, policy }: ModelSelection): CachedModel {
  const inCache = (key: string) => path.join(cache, key)
  const pointers = new Map<string, CachedVersion>()
  let offered: CachedVersion[] = []

  async function wantedByChannel(channels: readonly string[]): Promise<WantedVersions> {
    const problem = await firstProblem(channels, async (channel) => {
      const pointer = await readJson(
        inCache(registryKeys.channel(model, channel)),
        channelPointer,
        'channel file'
      )
      if (pointer) pointers.set(channel, pointer)
    })
    const labels = new Map([...pointers].sort(([a], [b]) => channels.indexOf(a) - channels.indexOf(b)))
    const main = labels.get(channels[0]!)
    return { main, versions: [...labels.values()], labels, problem }
  }

  async function wantedByNumber(choose: (all: CachedVersion[]) => CachedVersion[]): Promise<WantedVersions> {
    const problem = await firstProblem([registryKeys.offered(model)], async (key) => {
      const found = await readJson(inCache(key), offeredVersions, 'list of versions')
      if (found) offered = found.versions.toSorted((a, b) => b.version - a.version)
    })
    const versions = choose(offered)
    return { main: versions[0], versions, labels: new Map(), problem }
  }

  async function noveltyOf(manifest: Manifest): Promise<VersionFiles['novelty']> {
    if (!manifest.novelty) return undefined
    const file = inCache(registryKeys.file(model, manifest.version, NOVELTY_FILE))
    const novelty = readNovelty(manifest, await readFile(file), file)
    return novelty && { score: noveltyScorer(novelty), threshold: novelty.threshold }
  }

  return {
    wanted() {
      if (policy.kind === 'channels') return wantedByChannel(policy.channels)
      if (policy.kind === 'latest') return wantedByNumber((all) => all.slice(0, policy.count))
      return wantedByNumber((all) => all.filter(({ version }) => policy.versions.includes(version)))
    },

    async version(wanted) {
      const manifestFile = inCache(registryKeys.manifest(model, wanted.version))
      const bytes = await readFile(manifestFile)
      if (sha256(bytes) !== wanted.manifest)
        throw new EdgeloopError('CORRUPT', `version ${wanted.version} is not the one that is wanted`, {
          where: manifestFile,
          hint: 'the agent fetches it again',
        })
      const manifest = parseManifest(bytes, manifestFile)
      if (manifest.model !== model || manifest.version !== wanted.version)
        throw new EdgeloopError('CORRUPT', `this is version ${manifest.version} of ${manifest.model}`, {
          where: manifestFile,
        })
      const headFile = inCache(registryKeys.file(model, wanted.version, HEAD_FILE))
      const head = readHead(manifest, await readFile(headFile), headFile)
      return { manifest, head, novelty: await noveltyOf(manifest) }
    },
  }
}

/** Reads them all, whatever is wrong with one. */
async function firstProblem(
  names: readonly string[],
  read: (name: string) => Promise<void>
): Promise<EdgeloopError | undefined> {
  let problem: EdgeloopError | undefined
  for (const name of names)
    await read(name).catch((thrown: unknown) => {
      problem ??= asEdgeloopError(thrown)
    })
  return problem
}

/** Undefined where there is no such file. */
async function readJson<S extends z.ZodType>(
  file: string,
  schema: S,
  what: string
): Promise<z.infer<S> | undefined> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (text === undefined) return undefined
  try {
    return schema.parse(JSON.parse(text))
  } catch (cause) {
    throw new EdgeloopError('CORRUPT', `the ${what} cannot be read`, { where: file, cause })
  }
}
