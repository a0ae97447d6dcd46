import { isDiskFull } from '../../lib/database/index.ts'
import { asEdgeloopError } from '../../lib/errors/index.ts'
import type { ModelSelection } from '../../lib/model-selection/index.ts'
import { modelRegistry } from '../../lib/registry/index.ts'
import type { ObjectStore } from '../../lib/s3/index.ts'
import { createAlarm } from '../../lib/waiting/index.ts'
import { cachedVersions } from './cached-versions.ts'
import { followChannel } from './followed-channel.ts'
import type { FollowedModel } from './followed-model.ts'
import { followVersions } from './followed-versions.ts'
import { bucketSource } from './source.ts'

export interface ModelCacheOptions {
  store: ObjectStore
  /** Has the registry's layout; only this cache writes it, functions read it. */
  directory: string
  /** Which models, and which versions of each; what is said of one model is said of the first. */
  models: readonly ModelSelection[]
  /** The channel of the registry that is followed in place of the first model's first one; asked at each look. */
  channel?(): string | undefined
  /** How often the registry is looked at without being told, in milliseconds. */
  pollMs?: number
}

export interface ModelCache {
  /** Looks at the registry at once: somebody says that a channel has moved. */
  poke(): void
  /** The version of the first model that is wanted, as far as this node knows; null before the first. */
  wanted(): number | null
  /** The version of the first model that the cache offers to functions. */
  offered(): number | null
  /** Why a wanted version is not offered, or why nobody knows which one is wanted; null when all is well. */
  problem(): string | null
  close(): Promise<void>
}

/** The longest pause between two attempts while the registry is out of reach, in milliseconds. */
const MAX_BACKOFF_MS = 10_000

/** Keeps the wanted versions of models on this node's disk, complete and verified before anybody sees them. */
export function createModelCache(options: ModelCacheOptions): ModelCache {
  const { store, directory, models, pollMs = 1000 } = options
  const alarm = createAlarm()
  let closing = false
  /** Ends the look at the registry that goes on now. */
  let looking = new AbortController()
  /** What keeps a wanted version from being offered. */
  const problems = new Map<FollowedModel, { thrown: unknown; text: string }>()
  /** What the cache was tidied for. */
  let tidied: string | undefined

  const source = bucketSource(store, () => looking.signal)
  const versions = cachedVersions(directory, source)
  const followed = models.flatMap(follow)
  const [first] = followed

  function follow({ model, policy }: ModelSelection): FollowedModel[] {
    if (policy.kind === 'channels')
      return policy.channels.map((channel, i) => {
        const instead = i === 0 && model === models[0]!.model ? options.channel : undefined
        return followChannel({ model, channel, instead }, versions, source.read)
      })
    const listVersions = () => modelRegistry(store, model).versions({ signal: looking.signal })
    return [followVersions({ model, policy, listVersions }, versions, source.read)]
  }

  async function run(): Promise<void> {
    for (const one of followed) await one.restore()
    for (let failures = 0; !closing; ) {
      for (const one of followed) if (!closing) await look(one)
      if (!closing) await tidy()
      failures = problems.size > 0 ? failures + 1 : 0
      if (!closing) await alarm.wait(Math.min(pollMs * 2 ** failures, MAX_BACKOFF_MS))
      looking = new AbortController()
    }
  }

  /** One that fails does not keep the others from being looked at. */
  async function look(one: FollowedModel): Promise<void> {
    try {
      await one.look()
      problems.delete(one)
    } catch (thrown) {
      problems.set(one, { thrown, text: describe(one, thrown) })
    }
  }

  /** Removes what nothing that is followed needs, each time that changes. */
  async function tidy(): Promise<void> {
    if (!followed.every(isKnown)) return
    const kept = new Map(models.map(({ model }) => [model, new Set<number>()]))
    for (const one of followed) for (const version of one.keeps()) kept.get(one.model)!.add(version)
    const fetched = new Set(followed.flatMap(beingFetched))
    const state = JSON.stringify([[...kept].map(([model, set]) => [model, ...set]), ...fetched])
    if (state === tidied) return
    try {
      await versions.keepOnly(kept, fetched)
      tidied = state
    } catch (error) {
      console.error(`the model cache keeps what it could remove: ${asEdgeloopError(error).message}`)
    }
  }

  /** The backbones of versions that are on their way, as far as their manifests have come. */
  function beingFetched(one: FollowedModel): string[] {
    const hashes = one.lacks().map((version) => versions.backboneOf(one.model, version))
    return hashes.filter((hash) => hash !== undefined)
  }

  /** Whether it is known what is needed: it may be what an earlier process had fetched half of. */
  function isKnown(one: FollowedModel): boolean {
    const problem = problems.get(one)
    // What the registry itself has lost or damaged is not being fetched.
    if (!problem || ['NOT_FOUND', 'CORRUPT'].includes(asEdgeloopError(problem.thrown).code)) return true
    return one.lacks().length > 0 && beingFetched(one).length === one.lacks().length
  }

  function describe(one: FollowedModel, thrown: unknown): string {
    const { message, where = isDiskFull(thrown) ? directory : undefined } = asEdgeloopError(thrown)
    const wanted = one.wanted()
    const what = wanted !== one.offered() ? `version ${wanted} cannot be fetched: ` : ''
    const whose = followed.length > 1 ? `${one.name}: ` : ''
    return `${whose}${what}${message}${where ? ` (${where})` : ''}`
  }

  const running = run()
  return {
    poke: () => alarm.ring(),
    wanted: () => first?.wanted() ?? null,
    offered: () => first?.offered() ?? null,
    problem: () => followed.map((one) => problems.get(one)?.text).find((text) => text !== undefined) ?? null,
    async close() {
      closing = true
      looking.abort()
      alarm.ring()
      await running
    },
  }
}
