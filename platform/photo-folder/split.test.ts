import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EdgeloopError } from '../../lib/errors/index.ts'
import type { FolderPhoto } from './open.ts'
import { type PhotoSplit, type SplitOptions, splitPhotos } from './split.ts'

/** Photos of each label, of which some are copies: a copy shares the hash of one with a lower number. */
const photosOf = (label: string, originals: number, copies: number[]): FolderPhoto[] => {
  const photo = (name: string, content: number): FolderPhoto => ({
    path: `/photos/${label}/${name}`,
    label,
    name,
    hash: `${label} ${content}`,
  })
  return [
    ...Array.from({ length: originals }, (_, index) => photo(`${index}.jpg`, index)),
    ...copies.map((of, index) => photo(`copy ${index}.jpg`, of % originals)),
  ]
}

const folder = fc
  .uniqueArray(fc.string({ minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 6 })
  .chain((labels) =>
    fc.tuple(
      ...labels.map((label) =>
        fc
          .tuple(fc.integer({ min: 1, max: 60 }), fc.array(fc.nat(), { maxLength: 8 }))
          .map(([originals, copies]) => photosOf(label, originals, copies))
      )
    )
  )
  .map((perLabel) => perLabel.flat())

const options: fc.Arbitrary<SplitOptions> = fc.record({
  seed: fc.oneof(fc.integer(), fc.string()),
  golden: fc.nat(50),
  test: fc.nat(50),
  seedLabels: fc.nat(30),
})

/** The split, or undefined when there are too few photos for it. */
function trySplit(photos: FolderPhoto[], split: SplitOptions): PhotoSplit | undefined {
  try {
    return splitPhotos(photos, split)
  } catch (error) {
    if (error instanceof EdgeloopError && error.code === 'INVALID_INPUT') return undefined
    throw error
  }
}

const counts = (photos: FolderPhoto[], labels: string[]) =>
  labels.map((label) => photos.filter((photo) => photo.label === label).length)

const paths = (photos: FolderPhoto[]) => photos.map((photo) => photo.path).sort()

describe('splitPhotos', () => {
  it('gives the sizes that were asked for, with even labels', () => {
    fc.assert(
      fc.property(folder, options, (photos, asked) => {
        const split = trySplit(photos, asked)
        if (!split) return
        const labels = [...new Set(photos.map((photo) => photo.label))]
        expect([split.golden.length, split.test.length, split.seeds.length]).toEqual([
          asked.golden,
          asked.test,
          asked.seedLabels,
        ])
        for (const set of [split.golden, split.test, split.seeds]) {
          const each = counts(set, labels)
          expect(Math.max(...each) - Math.min(...each)).toBeLessThanOrEqual(1)
        }
      })
    )
  })

  it('puts every photo into one place, and no content into two', () => {
    fc.assert(
      fc.property(folder, options, (photos, asked) => {
        const split = trySplit(photos, asked)
        if (!split) return
        const { golden, test, seeds, stream, leftOut } = split
        expect(paths([...golden, ...test, ...seeds, ...stream, ...leftOut])).toEqual(paths(photos))
        const drawn = [golden, test, seeds].map((set) => set.map((photo) => photo.hash))
        const contents = [...drawn, [...new Set(stream.map((photo) => photo.hash))]].flat()
        expect(new Set(contents).size).toBe(contents.length)
        for (const copy of leftOut) expect(drawn.flat()).toContain(copy.hash)
      })
    )
  })

  it('depends on the seed and the photos, not on their order or where they lie', () => {
    fc.assert(
      fc.property(folder, options, (photos, asked) => {
        const moved = [...photos].reverse().map((photo) => ({ ...photo, path: `/elsewhere${photo.path}` }))
        const names = (split: PhotoSplit | undefined) =>
          split &&
          Object.values(split).map((set: FolderPhoto[]) => set.map((photo) => `${photo.label}/${photo.name}`))
        expect(names(trySplit(moved, asked))).toEqual(names(trySplit(photos, asked)))
      })
    )
  })

  it('succeeds exactly when every label has what an even split and one photo more need', () => {
    fc.assert(
      fc.property(folder, options, (photos, asked) => {
        const labels = [...new Set(photos.map((photo) => photo.label))]
        const different = counts([...new Map(photos.map((photo) => [photo.hash, photo])).values()], labels)
        const sizes = [asked.golden!, asked.test!, asked.seedLabels!]
        const most = sizes.reduce((sum, size) => sum + Math.ceil(size / labels.length), 0) + 1
        const least = sizes.reduce((sum, size) => sum + Math.floor(size / labels.length), 0) + 1
        const split = trySplit(photos, asked)
        if (Math.min(...different) >= most) expect(split).toBeDefined()
        if (Math.min(...different) < least) expect(split).toBeUndefined()
      })
    )
  })

  it('draws other photos for another seed', () => {
    const photos = [...photosOf('cat', 200, []), ...photosOf('dog', 200, [])]
    const one = splitPhotos(photos, { seed: 1 })
    const other = splitPhotos(photos, { seed: 2 })
    expect(paths(one.test)).not.toEqual(paths(other.test))
    expect([one.golden.length, one.test.length, one.seeds.length, one.stream.length]).toEqual([
      120, 200, 20, 60,
    ])
  })

  it('says how many photos are missing, and what can be lowered', () => {
    const photos = [...photosOf('cat', 200, []), ...photosOf('dog', 100, [5])]
    expect(() => splitPhotos(photos, { seed: 1 })).toThrowError(
      expect.objectContaining({
        code: 'INVALID_INPUT',
        message:
          'label dog has 100 different photos, and 171 are needed: 60 for the golden set, 100 for the test set, ' +
          '10 as seeds and one for the cameras',
        hint: 'Add photos of dog, or lower golden (120), test (200) or seedLabels (20).',
      })
    )
  })

  it('refuses to split nothing', () => {
    expect(() => splitPhotos([], { seed: 1 })).toThrow(EdgeloopError)
  })

  it.each([-1, 1.5, Number.NaN])('refuses a size of %s', (golden) => {
    expect(() => splitPhotos(photosOf('cat', 9, []), { seed: 1, golden })).toThrow(EdgeloopError)
  })
})
