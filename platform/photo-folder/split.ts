/**
 * Who sees which photo: the golden set and the test set are put aside before anything learns.
 * @module
 */
import { EdgeloopError } from '../../lib/errors/index.ts'
import { createRandom } from '../../lib/random/index.ts'
import type { FolderPhoto } from './open.ts'

export interface SplitOptions {
  /** Equal seeds give equal splits of equal photos, in whatever order these come. */
  seed: string | number
  /** Photos that promotion is decided on (120). */
  golden?: number
  /** Photos that nothing ever sees (200). */
  test?: number
  /** Photos whose labels are there at the start (20). */
  seedLabels?: number
}

export interface PhotoSplit {
  golden: FolderPhoto[]
  test: FolderPhoto[]
  seeds: FolderPhoto[]
  /** What the cameras will see: all the rest, shuffled. */
  stream: FolderPhoto[]
  /** Byte-identical copies of golden, test and seed photos, which no set may have. */
  leftOut: FolderPhoto[]
}

/** How many photos of one label each set takes. */
interface Quota {
  golden: number
  test: number
  seeds: number
}

/**
 * Draws golden, test and seed photos by the seed, each with its labels as even as whole numbers allow (counts differ
 * by one at most). The three sets and the stream have no photo in common, byte-identical copies included.
 * @throws EdgeloopError INVALID_INPUT when a label has too few photos, or a size is not a whole number
 */
export function splitPhotos(photos: readonly FolderPhoto[], options: SplitOptions): PhotoSplit {
  const { seed, golden = 120, test = 200, seedLabels = 20 } = options
  const sizes: Quota = { golden, test, seeds: seedLabels }
  refuseSizes({ golden, test, seedLabels })
  const random = createRandom(seed).fork('split')
  const { originals, copies } = apart(photos)
  const labels = random.fork('labels').shuffle([...originals.keys()])
  const quotas = evenQuotas(labels, sizes)
  refuseTooFew(originals, quotas, sizes)

  const split: PhotoSplit = { golden: [], test: [], seeds: [], stream: [], leftOut: [] }
  for (const [label, ofLabel] of originals) {
    const shuffled = random.fork(`label ${label}`).shuffle(ofLabel)
    const quota = quotas.get(label)!
    split.golden.push(...shuffled.splice(0, quota.golden))
    split.test.push(...shuffled.splice(0, quota.test))
    split.seeds.push(...shuffled.splice(0, quota.seeds))
    split.stream.push(...shuffled)
  }
  const streamed = new Set(split.stream.map((photo) => photo.hash))
  for (const copy of copies) (streamed.has(copy.hash) ? split.stream : split.leftOut).push(copy)
  split.seeds = random.fork('seeds').shuffle(split.seeds)
  split.stream = random.fork('stream').shuffle(split.stream)
  return split
}

/** The first photo of each content by label, and the further ones, both in an order that the caller's does not change. */
function apart(photos: readonly FolderPhoto[]): {
  originals: Map<string, FolderPhoto[]>
  copies: FolderPhoto[]
} {
  const originals = new Map<string, FolderPhoto[]>()
  const copies: FolderPhoto[] = []
  const seen = new Set<string>()
  for (const photo of [...photos].sort(byLabelAndName)) {
    const ofLabel = originals.get(photo.label) ?? []
    originals.set(photo.label, ofLabel)
    if (seen.has(photo.hash)) copies.push(photo)
    else ofLabel.push(photo)
    seen.add(photo.hash)
  }
  return { originals, copies }
}

function byLabelAndName(a: FolderPhoto, b: FolderPhoto): number {
  return compare(a.label, b.label) || compare(a.name, b.name)
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

/** Shares each size out over the labels; what does not divide goes to the next labels in turn, from set to set. */
function evenQuotas(labels: string[], sizes: Quota): Map<string, Quota> {
  const quotas = new Map(labels.map((label) => [label, { golden: 0, test: 0, seeds: 0 }]))
  let turn = 0
  for (const set of ['golden', 'test', 'seeds'] as const) {
    const base = Math.floor(sizes[set] / labels.length)
    for (const quota of quotas.values()) quota[set] = base
    for (let extra = sizes[set] % labels.length; extra > 0; extra--) {
      quotas.get(labels[turn++ % labels.length]!)![set] += 1
    }
  }
  return quotas
}

function refuseSizes(sizes: Record<string, number>): void {
  for (const [name, size] of Object.entries(sizes)) {
    if (Number.isSafeInteger(size) && size >= 0) continue
    throw new EdgeloopError(
      'INVALID_INPUT',
      `${name} is ${size}, and a number of photos is whole and not negative`
    )
  }
}

function refuseTooFew(originals: Map<string, FolderPhoto[]>, quotas: Map<string, Quota>, sizes: Quota): void {
  if (originals.size === 0) throw new EdgeloopError('INVALID_INPUT', 'there are no photos to split')
  for (const [label, { golden, test, seeds }] of quotas) {
    // One more, so that the cameras have something of each label to see.
    const needed = golden + test + seeds + 1
    const there = originals.get(label)!.length
    if (there >= needed) continue
    throw new EdgeloopError(
      'INVALID_INPUT',
      `label ${label} has ${there} different photos, and ${needed} are needed: ${golden} for the golden set, ` +
        `${test} for the test set, ${seeds} as seeds and one for the cameras`,
      { where: label, hint: `Add photos of ${label}, or lower ${whatCanBeLowered(sizes)}.` }
    )
  }
}

function whatCanBeLowered({ golden, test, seeds }: Quota): string {
  const sizes = [`golden (${golden})`, `test (${test})`, `seedLabels (${seeds})`]
  return `${sizes.slice(0, -1).join(', ')} or ${sizes.at(-1)}`
}
