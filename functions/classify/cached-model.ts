import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { EdgeloopError } from '../../lib/errors/index.ts'
import type { Head } from '../../lib/head/index.ts'
import {
  type ChannelPointer,
  channelPointer,
  HEAD_FILE,
  type Manifest,
  parseManifest,
  readHead,
  registryKeys,
  sha256,
} from '../../lib/registry/index.ts'

/** The node's cache of one model; it has the registry's layout. */
export interface CachedModel {
  /** What the channel points at, or undefined while there is no model. */
  pointer(): Promise<ChannelPointer | undefined>
  /** A version's manifest and head, verified. */
  version(pointer: ChannelPointer): Promise<{ manifest: Manifest; head: Head }>
  /** The folder of a backbone. */
  backboneDirectory(hash: string): string
}

/** Opens a model in the cache directory; nothing needs to be there yet. */
export function cachedModel(cache: string, model: string, channel: string): CachedModel {
  const inCache = (key: string) => path.join(cache, key)
  return {
    async pointer() {
      const file = inCache(registryKeys.channel(model, channel))
      const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined
        throw error
      })
      return text === undefined ? undefined : parsePointer(text, file)
    },

    async version(pointer) {
      const manifestFile = inCache(registryKeys.manifest(model, pointer.version))
      const bytes = await readFile(manifestFile)
      if (sha256(bytes) !== pointer.manifest)
        throw new EdgeloopError(
          'CORRUPT',
          `version ${pointer.version} is not the one that the channel names`,
          {
            where: manifestFile,
            hint: 'the agent fetches it again',
          }
        )
      const manifest = parseManifest(bytes, manifestFile)
      if (manifest.model !== model || manifest.version !== pointer.version)
        throw new EdgeloopError('CORRUPT', `this is version ${manifest.version} of ${manifest.model}`, {
          where: manifestFile,
        })
      const headFile = inCache(registryKeys.file(model, pointer.version, HEAD_FILE))
      return { manifest, head: readHead(manifest, await readFile(headFile), headFile) }
    },

    backboneDirectory: (hash) => path.dirname(inCache(registryKeys.backboneFile(hash, '_'))),
  }
}

function parsePointer(text: string, file: string): ChannelPointer {
  try {
    return channelPointer.parse(JSON.parse(text))
  } catch (cause) {
    throw new EdgeloopError('CORRUPT', 'the channel file cannot be read', { where: file, cause })
  }
}
