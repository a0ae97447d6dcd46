/** The head of a version, beside its manifest. */
export const HEAD_FILE = 'head.bin'

/** A backbone's files, in the order in which they are written: the description comes last. */
export const BACKBONE_FILES = ['weights.bin', 'backbone.json'] as const

/** Where models stand, in the bucket and, with the same layout, in a node's cache. */
export const registryKeys = {
  versions: (model: string) => `models/${model}/`,
  manifest: (model: string, version: number) => `models/${model}/${version}/manifest.json`,
  file: (model: string, version: number, file: string) => `models/${model}/${version}/${file}`,
  /** Who is writing a version: two runs never share a number. */
  reservation: (model: string, version: number) => `models/${model}/${version}/run.json`,
  channel: (model: string, channel: string) => `models/${model}/channels/${channel}.json`,
  backboneFile: (hash: string, file: string) => `backbones/${hash}/${file}`,
}
