import { createHash } from 'node:crypto'
import { copyFile, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { defaultBackboneDir } from '../../lib/backbone/index.ts'
import { encodeHead, type Head } from '../../lib/head/index.ts'
import {
  BACKBONE_FILES,
  type ChannelPointer,
  HEAD_FILE,
  type Manifest,
  registryKeys,
  sha256,
} from '../../lib/registry/index.ts'

const AT = '2026-01-01T00:00:00.000Z'

/** A node's model cache, written as the agent writes it. */
export interface CacheFolder {
  directory: string
  /**
   * Puts a backbone there, the repository's own or that of a folder; a name makes another one of the same weights. Returns
   * its hash.
   */
  backbone(name?: string, folder?: string): Promise<string>
  /** Puts a version there; the channel stays as it is. */
  version(version: number, head: Head, backbone: string): Promise<ChannelPointer>
  /** Points the channel, or another one, at a version. */
  point(pointer: ChannelPointer, channel?: string): Promise<void>
  /** Says that these versions are there, for whoever chooses them by their numbers. */
  offer(pointers: readonly ChannelPointer[]): Promise<void>
  /** Where a file of the cache is. */
  file(key: string): string
}

export function cacheFolder(directory: string, model = 'photos', channel = 'stable'): CacheFolder {
  const file = (key: string) => path.join(directory, key)

  async function writeWhole(key: string, bytes: Uint8Array | string): Promise<void> {
    await mkdir(path.dirname(file(key)), { recursive: true })
    await writeFile(`${file(key)}.part`, bytes)
    await rename(`${file(key)}.part`, file(key))
  }

  return {
    directory,
    file,
    async backbone(name, folder = defaultBackboneDir) {
      const [weights, description] = BACKBONE_FILES
      const text = await readFile(path.join(folder, description), 'utf8')
      const manifest = renamed(JSON.parse(text), name)
      const target = registryKeys.backboneFile(manifest.hash, weights)
      await mkdir(path.dirname(file(target)), { recursive: true })
      await copyFile(path.join(folder, weights), file(target))
      await writeWhole(registryKeys.backboneFile(manifest.hash, description), JSON.stringify(manifest))
      return manifest.hash
    },
    async version(version, head, backbone) {
      const { json, bytes } = encodeHead(head)
      const manifest: Manifest = {
        format: 'edgeloop-model/1',
        model,
        version,
        at: AT,
        backbone: { name: 'test', hash: backbone },
        head: json,
        thresholds: { accept: 0.9, audit: 0.1 },
        files: { [HEAD_FILE]: { sha256: sha256(bytes), size: bytes.length } },
        trainedOn: { dataset: 'photos', run: '000001', snapshot: 'none' },
        metrics: {},
      }
      const text = Buffer.from(JSON.stringify(manifest))
      await writeWhole(registryKeys.file(model, version, HEAD_FILE), bytes)
      await writeWhole(registryKeys.manifest(model, version), text)
      return { version, manifest: sha256(text), previous: null, at: AT, by: 'test', why: '' }
    },
    point: (pointer, name = channel) =>
      writeWhole(registryKeys.channel(model, name), JSON.stringify(pointer)),
    offer(pointers) {
      const versions = pointers.map(({ version, manifest }) => ({ version, manifest }))
      return writeWhole(registryKeys.offered(model), JSON.stringify({ versions }))
    },
  }
}

/** A backbone is named by the hash of its description with sorted keys and without that hash. */
export function renamed(manifest: Record<string, unknown>, name: unknown): { hash: string } {
  if (name === undefined) return manifest as { hash: string }
  const { hash: _, ...described }: Record<string, unknown> = { ...manifest, name }
  return { ...described, hash: createHash('sha256').update(canonicalJson(described)).digest('hex') }
}

function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`
}
