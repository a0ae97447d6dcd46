import { createHash } from 'node:crypto'

/**
 * A number in [0, 1) that depends on nothing but what is given, so that nobody can steer what is drawn, and a repeated decision is
 * the same one.
 */
export function draw(what: string, ...identity: (string | number)[]): number {
  const text = [what, ...identity].join('\n')
  return createHash('sha256').update(text).digest().readUInt32BE() / 2 ** 32
}
