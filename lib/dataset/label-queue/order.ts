import { mostInformative, type ReadFeatures } from '../../labelling/index.ts'
import type { Asked } from './view.ts'

/**
 * The order in which to ask. What measures goes first, in the order of the hash: the least certain of them first would
 * make the model look worse than it is while others wait. Then those where somebody may have been wrong, because that
 * is learnt from already; then what teaches most.
 *
 * @param answered as `mostInformative` takes it
 */
export async function* inOrder(
  open: readonly Asked[],
  answered: readonly string[],
  features: ReadFeatures
): AsyncGenerator<Asked> {
  const { measuring, others, teaching } = sorted(open)
  yield* measuring
  yield* others
  const byPhoto = new Map(teaching.map((each) => [each.sample.photo, each]))
  const samples = teaching.map(({ sample }) => sample)
  for await (const { photo } of mostInformative(samples, answered, features)) yield byPhoto.get(photo)!
}

/** The same without looking at features: the least certain first, whatever they resemble. */
export function inPlainOrder(open: readonly Asked[]): Asked[] {
  const { measuring, others, teaching } = sorted(open)
  const byUncertainty = (a: Asked, b: Asked) => a.sample.confidence - b.sample.confidence || byHash(a, b)
  return [...measuring, ...others, ...teaching.sort(byUncertainty)]
}

function sorted(open: readonly Asked[]) {
  const measures = ({ sample, second }: Asked) => !second && (sample.audit || sample.slice)
  const audited = ({ sample }: Asked) => Number(sample.audit)
  return {
    measuring: open.filter(measures).sort((a, b) => audited(b) - audited(a) || byHash(a, b)),
    others: open.filter(({ second }) => second).sort((a, b) => a.probability - b.probability || byHash(a, b)),
    teaching: open.filter((each) => !each.second && !measures(each)),
  }
}

const byHash = (a: Asked, b: Asked) => (a.sample.photo < b.sample.photo ? -1 : 1)
