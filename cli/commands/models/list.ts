import { runStore } from '../../../lib/dataset/index.ts'
import { type Manifest, modelRegistry } from '../../../lib/registry/index.ts'
import { table } from '../../terminal/index.ts'
import { clock } from '../../wording.ts'
import type { Connection } from '../connection.ts'
import { type CommonOptions, platformCommand, run } from '../options.ts'

export const listCommand = platformCommand('list', 'every version with what was measured and decided').action(
  (options: CommonOptions) => run(options, readModels, describe)
)

async function readModels({ platform, store }: Connection) {
  const registry = modelRegistry(store, platform.model)
  const [versions, stable] = await Promise.all([registry.versions(), registry.channel('stable')])
  const models = await Promise.all(
    versions.map(async (version) => {
      const { manifest } = await registry.manifest(version)
      const { dataset, run: id } = manifest.trainedOn
      const verdict = (await runStore(store, dataset).state(id))?.verdict
      return {
        version,
        at: manifest.at,
        samples: samplesOf(manifest),
        goldenRight: verdict?.judgement.figures.candidateAccuracy ?? null,
        verdict: verdict?.judgement.verdict ?? null,
        why: verdict?.judgement.why ?? null,
        stable: stable?.value.version === version,
      }
    })
  )
  return { model: platform.model, stable: stable?.value ?? null, versions: models }
}

type Models = Awaited<ReturnType<typeof readModels>>

function samplesOf({ metrics }: Manifest): number | null {
  const { samples } = (metrics.sizes ?? {}) as { samples?: unknown }
  return typeof samples === 'number' ? samples : null
}

function describe({ model, stable, versions }: Models): string {
  if (versions.length === 0) return `There is no version of ${model} yet.`
  const rows = versions.map(({ version, at, samples, goldenRight, verdict, stable: serves }) => [
    version,
    serves ? 'stable' : '',
    clock(at),
    samples,
    goldenRight === null ? null : `${(goldenRight * 100).toFixed(1)} %`,
    verdict ?? 'not judged yet',
  ])
  const text = table(['VERSION', 'CHANNEL', 'TRAINED', 'SAMPLES', 'GOLDEN', 'VERDICT'], rows)
  if (!stable) return text
  return `${text}\n\nVersion ${stable.version} is stable since ${clock(stable.at)}, by ${stable.by}. ${stable.why}`
}
