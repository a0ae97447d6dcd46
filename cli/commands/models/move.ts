import { EdgeloopError } from '../../../lib/errors/index.ts'
import { type ChannelPointer, modelRegistry } from '../../../lib/registry/index.ts'
import { userName } from '../../user.ts'
import type { Connection } from '../connection.ts'

const CHANNEL = 'stable'

/** A channel that was moved by hand. */
export interface Move {
  model: string
  channel: string
  from: number | null
  to: number
  by: string
  why: string
}

/**
 * Points the stable channel at another version.
 *
 * @param choose the version, and why unless somebody says so, from the pointer that stands
 * @throws EdgeloopError NOT_FOUND for an unknown version, CONFLICT when it serves already or somebody else moves the
 *   channel at the same time
 */
export async function moveChannel(
  { platform, store }: Connection,
  choose: (pointer: ChannelPointer | undefined) => { version: number; why: string },
  given?: string
): Promise<Move> {
  const registry = modelRegistry(store, platform.model)
  const seen = await registry.channel(CHANNEL)
  const { version, why: ordinary } = choose(seen?.value)
  await registry.manifest(version)
  if (seen?.value.version === version)
    throw new EdgeloopError('CONFLICT', `version ${version} is ${CHANNEL} already`, {
      where: platform.model,
      hint: 'edgeloop models list shows the others',
    })
  const by = userName()
  const why = given ?? ordinary
  await registry.setChannel(CHANNEL, { version, by, why }, seen)
  return { model: platform.model, channel: CHANNEL, from: seen?.value.version ?? null, to: version, by, why }
}

export function describeMove({ model, channel, from, to, by }: Move): string {
  return [
    `${model}: version ${to} is ${channel} now${from === null ? '' : `, ${from} was before`} (by ${by}).`,
    'Edges in reach fetch it within a second or two and swap it in between two photos; an edge that is cut off does',
    'so when it is back. edgeloop status shows what each one serves.',
    `A later model replaces it when it beats version ${to} on the golden set.`,
    ...(from === null ? [] : [`To undo: edgeloop models promote ${from}`]),
  ].join('\n')
}
