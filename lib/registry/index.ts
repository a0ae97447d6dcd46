/**
 * The model registry: backbones, versions and channels, in the bucket and in a node's cache.
 * @module
 */
export { fetchBackbone, publishBackbone } from './backbone-files.ts'
export { BACKBONE_FILES, HEAD_FILE, NOVELTY_FILE, registryKeys } from './keys.ts'
export { type ChannelPointer, channelPointer, type Manifest, offeredVersions } from './records.ts'
export {
  type ModelRegistry,
  modelRegistry,
  parseManifest,
  readHead,
  readNovelty,
  sha256,
} from './registry.ts'
