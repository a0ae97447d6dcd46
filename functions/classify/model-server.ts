import { setTimeout as sleep } from 'node:timers/promises'
import { asEdgeloopError, EdgeloopError } from '../../lib/errors/index.ts'
import { type Head, predictScores } from '../../lib/head/index.ts'
import type { ChannelPointer, Manifest } from '../../lib/registry/index.ts'
import { type CachedModel, cachedModel } from './cached-model.ts'
import { type LoadedBackbone, loadBackbone } from './loaded-backbone.ts'
import type { Settings } from './settings.ts'

/** A version that answers, with the backbone that it stands on. */
export interface ServingModel {
  manifest: Manifest
  head: Head
  backbone: LoadedBackbone
}

/** What a model server says about itself. */
export interface ModelStatus {
  model: string
  channel: string
  wanted: number | null
  serving: number | null
  /** Why wanted and serving differ; null when they do not. */
  why: string | null
}

export interface ModelServer {
  /**
   * Does some work with the version that serves as it begins; that version stays whole until the work is done.
   *
   * @throws EdgeloopError UNAVAILABLE while there is no model
   */
  use<T>(work: (model: ServingModel) => Promise<T>): Promise<T>
  status(): ModelStatus
  close(): Promise<void>
}

/** The longest pause between attempts at a version that does not load, in milliseconds: mended, it serves soon. */
const MAX_BACKOFF_MS = 2000

const NOTHING_YET = 'the agent has not fetched a model yet'

/**
 * Follows a channel in the node's cache: loads, verifies and warms a version up beside the one that serves, then swaps
 * in one assignment. A version that does not load is tried again with backoff, and the old one goes on serving.
 */
export function createModelServer(settings: Settings): ModelServer {
  const cache = cachedModel(settings.MODEL_CACHE, settings.MODEL_NAME, settings.MODEL_CHANNEL)
  const closing = new AbortController()
  const leaving = new Set<Promise<void>>()
  let current: ServingModel | undefined
  /** The hash of the manifest that serves. */
  let served: string | undefined
  let failing: { manifest: string; attempts: number; retryAt: number } | undefined
  let wanted: number | null = null
  let why: string | null = NOTHING_YET

  async function follow(): Promise<void> {
    while (!closing.signal.aborted) {
      await look().catch((thrown: unknown) => {
        why = asEdgeloopError(thrown).message
      })
      await sleep(settings.MODEL_POLL_MS, undefined, { signal: closing.signal }).catch(() => {})
    }
  }

  /** Looking costs one small file, so that whatever becomes of one version, the next is noticed at once. */
  async function look(): Promise<void> {
    const pointer = await cache.pointer()
    if (!pointer) {
      if (!current) why = NOTHING_YET
      return
    }
    wanted = pointer.version
    if (pointer.manifest === served) {
      failing = undefined
      why = null
      return
    }
    if (pointer.manifest !== failing?.manifest) {
      failing = undefined
      why = `version ${wanted} is being loaded`
    } else if (performance.now() < failing.retryAt) return
    try {
      await swap(pointer)
      failing = undefined
      why = null
    } catch (thrown) {
      const attempts = (failing?.attempts ?? 0) + 1
      const pause = Math.min(settings.MODEL_POLL_MS * 2 ** attempts, MAX_BACKOFF_MS)
      failing = { manifest: pointer.manifest, attempts, retryAt: performance.now() + pause }
      why = `version ${wanted} does not load: ${asEdgeloopError(thrown).message}`
    }
  }

  async function swap(pointer: ChannelPointer): Promise<void> {
    const previous = current
    current = await load(cache, pointer, settings, previous?.backbone)
    served = pointer.manifest
    if (previous && previous.backbone !== current.backbone) leave(previous.backbone)
  }

  /** Nobody waits for it here: a slow request on the old backbone must not hold up the next version. */
  function leave(backbone: LoadedBackbone): void {
    leaving.add(backbone.gone)
    const forget = () => leaving.delete(backbone.gone)
    backbone.gone.then(forget, forget)
    backbone.release()
  }

  const following = follow()

  return {
    async use(work) {
      const model = current
      if (!model)
        throw new EdgeloopError('UNAVAILABLE', `no model serves yet: ${why}`, {
          where: settings.MODEL_CACHE,
          hint: 'wait until the first model is trained and promoted',
        })
      const release = model.backbone.hold()
      try {
        return await work(model)
      } finally {
        release()
      }
    },
    status: () => ({
      model: settings.MODEL_NAME,
      channel: settings.MODEL_CHANNEL,
      wanted,
      serving: current?.manifest.version ?? null,
      why,
    }),
    async close() {
      closing.abort()
      await following
      why = 'it is being stopped'
      if (current) leave(current.backbone)
      current = undefined
      await Promise.allSettled(leaving)
    },
  }
}

/** Loads a version, and tries it: the first real request must not be the slow one, or the failing one. */
async function load(
  cache: CachedModel,
  pointer: ChannelPointer,
  settings: Settings,
  loaded: LoadedBackbone | undefined
): Promise<ServingModel> {
  const { manifest, head } = await cache.version(pointer)
  const { hash } = manifest.backbone
  if (loaded?.runtime.backbone.hash === hash) {
    tryHead(head, loaded)
    return { manifest, head, backbone: loaded }
  }
  const backbone = await loadBackbone(cache.backboneDirectory(hash), settings)
  try {
    if (backbone.runtime.backbone.hash !== hash)
      throw new EdgeloopError('CORRUPT', `the backbone in the folder of ${hash} is another one`, {
        where: cache.backboneDirectory(hash),
      })
    tryHead(head, backbone)
    return { manifest, head, backbone }
  } catch (error) {
    backbone.release()
    await backbone.gone
    throw error
  }
}

function tryHead(head: Head, { probe }: LoadedBackbone): void {
  if (predictScores(head, probe).every(Number.isFinite)) return
  throw new EdgeloopError('CORRUPT', 'the model answers with numbers that are not finite', {
    where: 'warm-up',
  })
}
