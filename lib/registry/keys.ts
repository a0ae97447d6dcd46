/** The head of a version, beside its manifest. */
export const HEAD_FILE = 'head.bin'

/** What a version knows, by which foreign photos are told; beside its head. */
export const NOVELTY_FILE = 'novelty.bin'

/** What a version is; it is complete once this is there. */
export const MANIFEST_FILE = 'manifest.json'

/** Who is writing a version: two runs never share a number. */
export const RESERVATION_FILE = 'run.json'

/** A backbone's files, in the order in which they are written: the description comes last. */
export const BACKBONE_FILES = ['weights.bin', 'backbone.json'] as const

/** Where models stand, in the bucket and, with the same layout, in a node's cache. */
export const registryKeys = {
  versions: (model: string) => `models/${model}/`,
  manifest: (model: string, version: number) => `models/${model}/${version}/${MANIFEST_FILE}`,
  file: (model: string, version: number, file: string) => `models/${model}/${version}/${file}`,
  reservation: (model: string, version: number) => `models/${model}/${version}/${RESERVATION_FILE}`,
  channel: (model: string, channel: string) => `models/${model}/channels/${channel}.json`,
  /** Only in a node's cache: the versions that it holds of a model that is chosen by its versions' numbers. */
  offered: (model: string) => `models/${model}/offered.json`,
  backboneFile: (hash: string, file: string) => `backbones/${hash}/${file}`,
}
