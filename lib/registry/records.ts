import { z } from 'zod'
import { eventData } from '../events/index.ts'
import { HeadJson } from '../head/index.ts'
import { NoveltyJson } from '../novelty/index.ts'

/** A file of a version, and what it must hash to. */
const fileRecord = z.object({ sha256: eventData.sha256, size: z.number().int().nonnegative() })

/** `manifest.json`: what a model version is; a version is complete once its manifest is there. */
export const manifest = z.object({
  format: z.literal('edgeloop-model/1'),
  model: eventData.name,
  version: z.number().int().positive(),
  at: z.iso.datetime(),
  /** The frozen backbone that it stands on. */
  backbone: z.object({ name: z.string(), hash: eventData.sha256 }),
  head: HeadJson,
  /** Absent where too few photos were known to tell foreign ones. */
  novelty: NoveltyJson.optional(),
  thresholds: eventData.thresholds,
  files: z.record(z.string(), fileRecord),
  trainedOn: z.object({ dataset: eventData.name, run: z.string(), snapshot: z.string() }),
  /** Everything measured while training, for people and for later judgement. */
  metrics: z.record(z.string(), z.unknown()),
})

/** `channels/CHANNEL.json`: the version that a channel points at. */
export const channelPointer = z.object({
  version: z.number().int().positive(),
  /** SHA-256 of the manifest's bytes. */
  manifest: eventData.sha256,
  previous: z.number().int().positive().nullable(),
  at: z.iso.datetime(),
  by: z.string().min(1),
  why: z.string(),
})

/** `offered.json` of a node's cache: versions that are there, whole, in ascending order. */
export const offeredVersions = z.object({
  versions: z.array(channelPointer.pick({ version: true, manifest: true })),
})

export type Manifest = z.infer<typeof manifest>
export type ChannelPointer = z.infer<typeof channelPointer>
