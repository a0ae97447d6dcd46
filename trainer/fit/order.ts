/**
 * Random choices that depend on a seed and on content only, never on the order in which samples arrive.
 * @module
 */
import { createHash } from 'node:crypto'

/** The items in an order drawn by seed and hash. */
export function shuffleByHash<T extends { hash: string }>(items: readonly T[], seed: number): T[] {
  return items
    .map((item) => ({ item, key: createHash('sha256').update(`${seed}:${item.hash}`).digest('hex') }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ item }) => item)
}
