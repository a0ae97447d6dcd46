import { EdgeloopError } from '../../lib/errors/index.ts'
import { createRandom } from '../../lib/random/index.ts'
import { type FolderPhoto, splitPhotos } from '../../platform/photo-folder/index.ts'
import type { LabelledLook } from '../simulated-edge/model.ts'
import type { Change } from './looks.ts'
import type { Scenario } from './scenario.ts'

/** Each photo's look under each change, by the photo's hash. */
export type Looks = ReadonlyMap<Change, ReadonlyMap<string, LabelledLook>>

/** Who sees which photo. */
export interface Streams {
  labels: string[]
  seeds: LabelledLook[]
  golden: LabelledLook[]
  /** What the camera sees, round by round. */
  rounds: LabelledLook[][]
  /** Photos that nothing learns from, as the camera sees them in each round. */
  hidden: LabelledLook[][]
}

/** The same for the same seed, whatever the policy. */
export function drawStreams(
  photos: readonly FolderPhoto[],
  looks: Looks,
  scenario: Scenario,
  seed: number
): Streams {
  const { rounds, perRound, imbalance, change } = scenario
  const split = splitPhotos(photos, { seed })
  const labels = [...new Set(photos.map(({ label }) => label))].sort()
  const seen = (photo: FolderPhoto, round: number) => {
    const found = looks.get(change && round >= change.from ? change.to : 'none')?.get(photo.hash)
    if (!found) throw new EdgeloopError('INTERNAL', 'a photo has no look', { where: photo.name })
    return found
  }
  // The label that there is little of is another one in the next run.
  const scarce = labels[seed % labels.length]!
  const balanced = imbalance === 1
  const stream = balanced ? split.stream : skewed(split.stream, scarce, imbalance, rounds * perRound, seed)
  const seeds = balanced ? split.seeds : skewed(split.seeds, scarce, imbalance, split.seeds.length, seed)
  const rows = Array.from({ length: rounds }, (_, round) =>
    stream.slice(round * perRound, (round + 1) * perRound)
  )
  return {
    labels,
    seeds: seeds.map((photo) => seen(photo, 0)),
    golden: split.golden.map((photo) => seen(photo, 0)),
    rounds: rows.map((row, round) => row.map((photo) => seen(photo, round + 1))),
    hidden: rows.map((_, round) => split.test.map((photo) => seen(photo, round + 1))),
  }
}

/** As many as there are, up to `most`, with one photo of a label for each `others` of the rest. */
function skewed(
  photos: readonly FolderPhoto[],
  scarce: string,
  others: number,
  most: number,
  seed: number
): FolderPhoto[] {
  const few = photos.filter(({ label }) => label === scarce)
  const many = photos.filter(({ label }) => label !== scarce)
  const count = Math.min(Math.floor(most / (others + 1)), few.length, Math.floor(many.length / others))
  return createRandom(`skewed ${seed}`).shuffle([...few.slice(0, count), ...many.slice(0, count * others)])
}
