import { EdgeloopError } from '../../lib/errors/index.ts'
import { offeredVersions, registryKeys, sha256 } from '../../lib/registry/index.ts'
import type { CachedVersions, Version } from './cached-versions.ts'
import type { FollowedModel } from './followed-model.ts'
import type { ReadObject } from './source.ts'

/** Versions by their numbers: so many of the newest, or certain ones. */
type ByNumber = { kind: 'latest'; count: number } | { kind: 'specific'; versions: readonly number[] }

interface Options {
  model: string
  policy: ByNumber
  /** The numbers of the complete versions in the registry, in ascending order. */
  listVersions(): Promise<number[]>
}

/** Follows versions by their numbers, promoted or not, and says in `offered.json` which of them are there. */
export function followVersions(
  { model, policy, listVersions }: Options,
  versions: CachedVersions,
  readObject: ReadObject
): FollowedModel {
  const key = registryKeys.offered(model)
  let wanted: readonly number[] = policy.kind === 'specific' ? policy.versions.toSorted(descending) : []
  let offered: Version[] = []

  /** Certain versions are not looked for again once they are there: nothing about them can change. */
  async function choose(): Promise<readonly number[]> {
    if (policy.kind === 'specific') return wanted
    const numbers = await listVersions()
    // A registry that has lost everything is no reason to lose it, too.
    return numbers.length > 0 ? numbers.slice(-policy.count).toReversed() : wanted
  }

  async function fetch(version: number): Promise<Version> {
    const manifestKey = registryKeys.manifest(model, version)
    const bytes = await readObject(manifestKey)
    if (!bytes)
      throw new EdgeloopError('NOT_FOUND', `version ${version} is not in the registry`, {
        where: manifestKey,
      })
    const found = { version, manifest: sha256(bytes) }
    await versions.fetch(model, found)
    return found
  }

  async function offer(next: Version[]): Promise<void> {
    const ascending = next.toSorted((a, b) => a.version - b.version)
    await versions.write(key, JSON.stringify({ versions: ascending }))
    offered = ascending
  }

  return {
    name: `${model}@${policy.kind}`,
    model,
    async restore() {
      try {
        const left = offeredVersions.parse(JSON.parse(new TextDecoder().decode(await versions.read(key))))
        for (const version of left.versions) {
          await versions.verify(model, version)
          offered.push(version)
        }
      } catch {
        // Whatever is not as it should be is fetched again.
      }
      if (policy.kind === 'latest') wanted = offered.map(({ version }) => version).toSorted(descending)
    },
    async look() {
      wanted = await choose()
      const known = new Map(offered.map((one) => [one.version, one]))
      if (wanted.length === offered.length && wanted.every((version) => known.has(version))) return
      let problem: unknown
      // One that cannot be fetched does not keep the others away.
      for (const version of wanted.filter((one) => !known.has(one)))
        await fetch(version).then(
          (found) => known.set(version, found),
          (error: unknown) => {
            problem ??= error
          }
        )
      // What was offered goes once all is there that takes its place.
      const next = problem === undefined ? wanted : [...known.keys()]
      await offer(next.map((version) => known.get(version)!))
      if (problem !== undefined) throw problem
    },
    wanted: () => wanted[0] ?? null,
    offered: () => offered.at(-1)?.version ?? null,
    keeps: () => offered.map(({ version }) => version),
    lacks: () => wanted.filter((version) => !offered.some((one) => one.version === version)),
  }
}

const descending = (a: number, b: number) => b - a
