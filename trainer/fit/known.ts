/**
 * What a model knows, to tell foreign photos by.
 * @module
 */
import { fitNovelty, type Novelty } from '../../lib/novelty/index.ts'
import { shuffleByHash } from './order.ts'
import type { Sample } from './sample.ts'
import { countByLabel } from './select.ts'

/** From so many on, the threshold loses about the share of good photos that it should. */
const FEWEST = 20
/** More tell foreign photos no better, and make a version larger than half a megabyte. */
const MOST_KNOWN = 400
const MOST_FOREIGN = 200

/**
 * Labels take turns, so that each is known as well as the others; photos that people have labelled come before pseudo-labelled ones.
 *
 * @param foreign photos for which people said that they show none of the labels, in any order
 * @returns undefined while too few photos are known
 */
export function fitKnown(
  samples: readonly Sample[],
  foreign: readonly Pick<Sample, 'hash' | 'features'>[],
  seed: number
): Novelty | undefined {
  if (samples.length < FEWEST) return undefined
  const shuffled = shuffleByHash(samples, seed)
  const labels = [...countByLabel(samples).keys()].sort()
  const queues = labels.map((label) => peopleFirst(shuffled.filter((sample) => sample.label === label)))
  const turns = Array.from({ length: MOST_KNOWN }, (_, turn) => queues.flatMap((queue) => queue[turn] ?? []))
  return fitNovelty({
    known: turns
      .flat()
      .slice(0, MOST_KNOWN)
      .map(({ features }) => features),
    foreign: shuffleByHash(foreign, seed)
      .slice(0, MOST_FOREIGN)
      .map(({ features }) => features),
  })
}

function peopleFirst(samples: readonly Sample[]): Sample[] {
  return samples.toSorted((a, b) => Number(a.origin === 'pseudo') - Number(b.origin === 'pseudo'))
}
