/**
 * Which samples a training run may use.
 * @module
 */
import { EdgeloopError } from '../../lib/errors/index.ts'
import { shuffleByHash } from './order.ts'
import type { Sample } from './sample.ts'

/**
 * Checks the samples and drops pseudo-labels above `pseudoPerLabel` × the people's labels of the class: what the model
 * says itself must not drown what people said. Which ones stay is drawn by seed and hash.
 * @returns Samples in an order drawn by seed and hash, whatever order they came in.
 * @throws EdgeloopError INVALID_INPUT that says what is missing or wrong
 */
export function selectSamples(
  samples: readonly Sample[],
  labels: readonly string[],
  pseudoPerLabel: number,
  seed: number
): Sample[] {
  checkSamples(samples, labels)
  const people = countByLabel(samples.filter(({ origin, weight }) => origin !== 'pseudo' && weight > 0))
  const missing = labels.filter((label) => !people.has(label))
  if (missing.length > 0) {
    throw invalid(
      `No person has labelled a photo ${missing.map((label) => `'${label}'`).join(', ')} yet.`,
      'Label at least one photo of each label; ten of each make a useful start.'
    )
  }
  const room = new Map(labels.map((label) => [label, Math.floor(pseudoPerLabel * people.get(label)!)]))
  return shuffleByHash(samples, seed).filter(({ origin, label }) => {
    if (origin !== 'pseudo') return true
    const left = room.get(label)!
    room.set(label, left - 1)
    return left > 0
  })
}

/** How many samples each label has; labels without any are absent. */
export function countByLabel(samples: readonly Sample[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { label } of samples) counts.set(label, (counts.get(label) ?? 0) + 1)
  return counts
}

function checkSamples(samples: readonly Sample[], labels: readonly string[]): void {
  if (labels.length < 2 || new Set(labels).size !== labels.length) {
    throw invalid(
      `A head tells two or more distinct labels apart, but it was given ${labels.length}.`,
      'Name them.'
    )
  }
  const dimensions = samples[0]?.features.length ?? 0
  const seen = new Set<string>()
  for (const { hash, features, label, weight } of samples) {
    if (seen.has(hash)) throw invalid(`Sample ${hash} is there twice.`, 'Keep one label a photo.')
    seen.add(hash)
    if (!labels.includes(label))
      throw invalid(`Sample ${hash} has the unknown label '${label}'.`, 'Add the label.')
    if (features.length !== dimensions || dimensions === 0 || !features.every(Number.isFinite)) {
      throw invalid(
        `Sample ${hash} has ${features.length} features; ${dimensions} finite ones were expected.`,
        'Compute all features with the same backbone.'
      )
    }
    if (!(weight >= 0 && Number.isFinite(weight)))
      throw invalid(`Sample ${hash} has the weight ${weight}.`, 'Use 1.')
  }
}

function invalid(message: string, hint: string): EdgeloopError {
  return new EdgeloopError('INVALID_INPUT', message, { where: 'samples', hint })
}
