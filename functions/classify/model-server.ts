import { setTimeout as sleep } from 'node:timers/promises'
import { asEdgeloopError, EdgeloopError } from '../../lib/errors/index.ts'
import { type Head, predictScores } from '../../lib/head/index.ts'
import type { ChannelPointer, Manifest } from '../../lib/registry/index.ts'
import { createRuntime, type Runtime } from '../../lib/runtime/index.ts'
import { type CachedModel, cachedModel } from './cached-model.ts'
import type { Settings } from './settings.ts'

/** A version that answers, with the backbone that it stands on. */
export interface ServingModel {
  manifest: Manifest
  head: Head
  runtime: Runtime
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
  /** @throws EdgeloopError UNAVAILABLE while there is no model */
  serving(): ServingModel
  status(): ModelStatus
  close(): Promise<void>
}

/** The longest pause between attempts at a version that does not load, in milliseconds. */
const MAX_BACKOFF_MS = 30_000

/**
 * Follows a channel in the node's cache: loads, verifies and warms a version up beside the one that serves, then swaps
 * in one assignment. A version that does not load is tried again with backoff, and the old one goes on serving.
 */
export function createModelServer(settings: Settings): ModelServer {
  const cache = cachedModel(settings.MODEL_CACHE, settings.MODEL_NAME, settings.MODEL_CHANNEL)
  const closing = new AbortController()
  let current: ServingModel | undefined
  let wanted: number | null = null
  let why: string | null = 'the agent has not fetched a model yet'

  async function follow(): Promise<void> {
    let served: string | undefined
    for (let failures = 0; !closing.signal.aborted; ) {
      try {
        const pointer = await cache.pointer()
        if (pointer && pointer.manifest !== served) {
          wanted = pointer.version
          why = `version ${wanted} is being loaded`
          await swap(pointer)
          served = pointer.manifest
          why = null
        }
        failures = 0
      } catch (thrown) {
        failures++
        why = `version ${wanted ?? '?'} does not load: ${asEdgeloopError(thrown).message}`
      }
      const pause = Math.min(settings.MODEL_POLL_MS * 2 ** failures, MAX_BACKOFF_MS)
      await sleep(pause, undefined, { signal: closing.signal }).catch(() => {})
    }
  }

  async function swap(pointer: ChannelPointer): Promise<void> {
    const previous = current
    const next = await load(cache, pointer, previous?.runtime)
    if (closing.signal.aborted) {
      if (next.runtime !== previous?.runtime) await next.runtime.close()
      return
    }
    current = next
    // Requests that began on the old backbone have its runtime in hand: it finishes them before it goes.
    if (previous && previous.runtime !== next.runtime) await previous.runtime.close()
  }

  const following = follow()

  return {
    serving() {
      if (current) return current
      throw new EdgeloopError('UNAVAILABLE', `no model serves yet: ${why}`, {
        where: settings.MODEL_CACHE,
        hint: 'wait until the first model is trained and promoted',
      })
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
      await current?.runtime.close()
      current = undefined
    },
  }
}

/** Loads a version; a backbone that is loaded already stays. */
async function load(
  cache: CachedModel,
  pointer: ChannelPointer,
  loaded: Runtime | undefined
): Promise<ServingModel> {
  const { manifest, head } = await cache.version(pointer)
  const { hash } = manifest.backbone
  const runtime =
    loaded?.backbone.hash === hash
      ? loaded
      : await createRuntime({ backboneDir: cache.backboneDirectory(hash) })
  await warmUp(runtime, head)
  return { manifest, head, runtime }
}

/** One photo of nothing through backbone and head: the first real request must not be the slow one, or the failing one. */
async function warmUp(runtime: Runtime, head: Head): Promise<void> {
  const { inputSize } = runtime.backbone
  const [features] = await runtime.features([new Uint8Array(inputSize * inputSize * 3)])
  const scores = predictScores(head, features!)
  if (!scores.every(Number.isFinite))
    throw new EdgeloopError('CORRUPT', 'the model answers with numbers that are not finite', {
      where: 'warm-up',
    })
}
