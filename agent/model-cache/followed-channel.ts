import { EdgeloopError } from '../../lib/errors/index.ts'
import { type ChannelPointer, channelPointer, registryKeys } from '../../lib/registry/index.ts'
import type { CachedVersions } from './cached-versions.ts'
import type { FollowedModel } from './followed-model.ts'
import type { ReadObject } from './source.ts'

interface ChannelOptions {
  model: string
  /** Under this name functions find in the cache what it points at. */
  channel: string
  /** The channel of the registry that is followed in its place. */
  instead?(): string | undefined
}

/** Follows a channel: the version that it points at, and the one before. */
export function followChannel(
  { model, channel, instead }: ChannelOptions,
  versions: CachedVersions,
  readObject: ReadObject
): FollowedModel {
  const key = registryKeys.channel(model, channel)
  let wanted: ChannelPointer | undefined
  let offered: ChannelPointer | undefined
  /** What was offered before: of a channel that moved twice while nobody could look, the pointer names another one. */
  let replaced: number | undefined

  return {
    name: `${model}@${channel}`,
    model,
    async restore() {
      try {
        const pointer = parsePointer(await versions.read(key), key)
        await versions.verify(model, pointer)
        offered = pointer
        wanted = pointer
      } catch {
        // Whatever is not as it should be is fetched again.
      }
    },
    async look() {
      const followed = instead?.() ?? channel
      const source = registryKeys.channel(model, followed)
      const object = await readObject(source)
      if (!object) {
        if (followed === channel) return
        throw new EdgeloopError('NOT_FOUND', `there is no channel ${followed}`, { where: source })
      }
      wanted = parsePointer(object, source)
      if (wanted.manifest === offered?.manifest) return
      await versions.fetch(model, wanted)
      await versions.write(key, object)
      replaced = offered?.version
      offered = wanted
    },
    wanted: () => wanted?.version ?? null,
    offered: () => offered?.version ?? null,
    keeps() {
      const previous = replaced ?? offered?.previous
      return [offered?.version, previous].filter((version) => typeof version === 'number')
    },
    lacks: () => (wanted && wanted.manifest !== offered?.manifest ? [wanted.version] : []),
  }
}

function parsePointer(bytes: Uint8Array, where: string): ChannelPointer {
  try {
    return channelPointer.parse(JSON.parse(new TextDecoder().decode(bytes)))
  } catch (cause) {
    throw new EdgeloopError('CORRUPT', 'the channel cannot be read', { where, cause })
  }
}
