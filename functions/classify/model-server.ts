import { setTimeout as sleep } from 'node:timers/promises'
import { asEdgeloopError, EdgeloopError } from '../../lib/errors/index.ts'
import { predictScores } from '../../lib/head/index.ts'
import type { ModelSelection } from '../../lib/model-selection/index.ts'
import type { VersionStatus } from '../../lib/tf-serving/index.ts'
import type { Backbones } from './backbones.ts'
import { type CachedVersion, cachedModel, type VersionFiles, type WantedVersions } from './cached-model.ts'
import type { LoadedBackbone } from './loaded-backbone.ts'
import type { Metrics } from './metrics.ts'
import type { Settings } from './settings.ts'

/** A version that answers, with the backbone that it stands on. */
export interface ServingModel extends VersionFiles {
  backbone: LoadedBackbone
}

/** What a model server says about itself. */
export interface ModelStatus {
  model: string
  /** The channel that is followed; null where versions are chosen by their numbers. */
  channel: string | null
  wanted: number | null
  serving: number | null
  /** Why wanted and serving differ; null when they do not. */
  why: string | null
}

/** One model with those of its versions that are served. */
export interface ModelServer {
  /**
   * Does some work with a version, or with the one that serves as it begins; it stays whole until the work is done.
   *
   * @throws EdgeloopError UNAVAILABLE while there is no such version
   */
  use<T>(work: (model: ServingModel) => Promise<T>, version?: number): Promise<T>
  isAvailable(version?: number): boolean
  /** Channels with the versions that they name here; a channel moves when its version is loaded. */
  labels(): ReadonlyMap<string, number>
  /** Every version that is loaded or should be, the newest first. */
  versions(): VersionStatus[]
  status(): ModelStatus
  close(): Promise<void>
}

interface LoadedVersion extends ServingModel {
  /** SHA-256 of its manifest's bytes. */
  hash: string
  release(): void
}

/** A version that does not load. */
interface Failing {
  hash: string
  attempts: number
  retryAt: number
  error: EdgeloopError
}

/** The longest pause between attempts at a version that does not load, in milliseconds: mended, it serves soon. */
const MAX_BACKOFF_MS = 2000

/** A version that fails after a long time is left alone for so many times as long: trying is not free. */
const REST = 10

const NOTHING_YET = 'the agent has not fetched a model yet'

/**
 * Follows one model in the node's cache: loads, verifies and warms versions up beside those that serve, then swaps in
 * one assignment. A version that does not load is tried again with backoff, and the old one goes on serving.
 */
export function createModelServer(
  selection: ModelSelection,
  backbones: Backbones,
  settings: Settings,
  metrics: Metrics
): ModelServer {
  const { model, policy } = selection
  const cache = cachedModel(settings.MODEL_CACHE, selection)
  const closing = new AbortController()
  const loaded = new Map<number, LoadedVersion>()
  const failing = new Map<number, Failing>()
  const labels = new Map<string, number>()
  let wanted: WantedVersions | undefined
  let loading: number | undefined
  /** The one for whoever names none, and the one that it took over from. */
  let serving: LoadedVersion | undefined
  let previous: LoadedVersion | undefined

  async function follow(): Promise<void> {
    while (!closing.signal.aborted) {
      await look()
      await sleep(settings.MODEL_POLL_MS, undefined, { signal: closing.signal }).catch(() => {})
    }
  }

  /** Looking costs a small file or two, so that whatever becomes of one version, the next is noticed at once. */
  async function look(): Promise<void> {
    wanted = await cache.wanted()
    for (const version of wanted.versions) {
      if (closing.signal.aborted) return
      if (!isLoaded(version) && isDue(version)) await tryToLoad(version, wanted)
    }
    serve(wanted)
    forgetOthers(wanted)
  }

  const isLoaded = ({ version, manifest }: CachedVersion) => loaded.get(version)?.hash === manifest

  function isDue({ version, manifest }: CachedVersion): boolean {
    const failed = failing.get(version)
    return failed?.hash !== manifest || performance.now() >= failed.retryAt
  }

  async function tryToLoad(version: CachedVersion, among: WantedVersions): Promise<void> {
    const began = performance.now()
    loading = version.version
    try {
      const made = await load(version)
      const replaced = loaded.get(version.version)
      loaded.set(version.version, made)
      failing.delete(version.version)
      serve(among)
      // One that still serves, because nothing could take its place, goes when something does.
      if (replaced !== serving) replaced?.release()
      metrics.loaded(model, performance.now() - began)
    } catch (thrown) {
      const took = performance.now() - began
      const known = failing.get(version.version)
      const attempts = known?.hash === version.manifest ? known.attempts + 1 : 1
      const pause = Math.max(Math.min(settings.MODEL_POLL_MS * 2 ** attempts, MAX_BACKOFF_MS), took * REST)
      const retryAt = performance.now() + pause
      failing.set(version.version, {
        hash: version.manifest,
        attempts,
        retryAt,
        error: asEdgeloopError(thrown),
      })
      metrics.failedToLoad(model)
    } finally {
      loading = undefined
    }
  }

  /** Loads a version, and tries it: the first real request must not be the slow one, or the failing one. */
  async function load(version: CachedVersion): Promise<LoadedVersion> {
    const files = await cache.version(version)
    const { backbone, release } = await backbones.acquire(files.manifest.backbone.hash)
    try {
      tryFiles(files, backbone)
      return { ...files, backbone, release, hash: version.manifest }
    } catch (error) {
      release()
      throw error
    }
  }

  function serve({ main, versions, labels: named }: WantedVersions): void {
    for (const [label, version] of named) if (isLoaded(version)) labels.set(label, version.version)
    // A channel is followed to the letter; of numbered versions the newest one serves that can.
    const best = policy.kind === 'channels' ? main : versions.find(isLoaded)
    if (!best || !isLoaded(best)) return
    const next = loaded.get(best.version)
    if (next === serving) return
    previous = serving
    serving = next
    if (previous && loaded.get(previous.manifest.version) !== previous) previous.release()
    metrics.serves(model, best.version)
  }

  /** What came before stays for as long as it takes no backbone of its own: going back is instant then. */
  function forgetOthers({ versions }: WantedVersions): void {
    const kept = new Set([...versions.map(({ version }) => version), ...labels.values()])
    for (const [version, one] of loaded) {
      const isNear = one === previous && one.backbone === serving?.backbone
      if (one === serving || isNear || kept.has(version)) continue
      loaded.delete(version)
      one.release()
    }
    for (const version of failing.keys()) if (!kept.has(version)) failing.delete(version)
  }

  function why(): string | null {
    if (closing.signal.aborted) return 'it is being stopped'
    const problem = wanted?.problem?.message ?? null
    if (!wanted?.main) return problem ?? (serving ? null : NOTHING_YET)
    const { version, manifest } = wanted.main
    const failed = failing.get(version)
    if (failed?.hash === manifest) return `version ${version} does not load: ${failed.error.message}`
    return serving?.hash === manifest ? problem : `version ${version} is being loaded`
  }

  function statusOf(version: number): VersionStatus {
    if (loaded.has(version)) return { version, state: 'AVAILABLE' }
    if (loading === version) return { version, state: 'LOADING' }
    const failed = failing.get(version)
    if (!failed) return { version, state: 'START' }
    const code = failed.error.code === 'CORRUPT' ? 'DATA_LOSS' : 'INTERNAL'
    return { version, state: 'END', error: { code, message: failed.error.message } }
  }

  const following = follow()

  return {
    async use(work, version) {
      const chosen = version === undefined ? serving : loaded.get(version)
      if (!chosen)
        throw new EdgeloopError('UNAVAILABLE', `no model serves yet: ${why()}`, {
          where: settings.MODEL_CACHE,
          hint: 'wait until the first model is trained and promoted',
        })
      const release = chosen.backbone.hold()
      try {
        return await work(chosen)
      } finally {
        release()
      }
    },
    isAvailable: (version) => (version === undefined ? serving !== undefined : loaded.has(version)),
    labels: () => labels,
    versions() {
      const numbers = new Set([...loaded.keys(), ...(wanted?.versions ?? []).map(({ version }) => version)])
      return [...numbers].sort((a, b) => b - a).map(statusOf)
    },
    status: () => ({
      model,
      channel: policy.kind === 'channels' ? policy.channels[0]! : null,
      wanted: wanted?.main?.version ?? null,
      serving: serving?.manifest.version ?? null,
      why: why(),
    }),
    async close() {
      closing.abort()
      await following
      for (const { release } of loaded.values()) release()
      loaded.clear()
      serving = undefined
    },
  }
}

function tryFiles({ head, novelty }: VersionFiles, { probe }: LoadedBackbone): void {
  const distance = novelty?.score(probe).distance ?? 0
  if (predictScores(head, probe).every(Number.isFinite) && Number.isFinite(distance)) return
  throw new EdgeloopError('CORRUPT', 'the model answers with numbers that are not finite', {
    where: 'warm-up',
  })
}
