import { createHash } from 'node:crypto'
import { z } from 'zod'
import { EdgeloopError } from '../errors/index.ts'
import { decodeHead, encodeHead, type Head } from '../head/index.ts'
import { decodeNovelty, encodeNovelty, type Novelty } from '../novelty/index.ts'
import type { ObjectStore, RequestOptions } from '../s3/index.ts'
import { HEAD_FILE, MANIFEST_FILE, NOVELTY_FILE, RESERVATION_FILE, registryKeys } from './keys.ts'
import { type ChannelPointer, channelPointer, type Manifest, manifest as manifestSchema } from './records.ts'

/** Who has a version's number. Runs count per dataset, so that a run's id alone names no run. */
const reservationSchema = z.object({ dataset: z.string(), run: z.string() })
type Holder = z.infer<typeof reservationSchema>

export type ModelRegistry = ReturnType<typeof modelRegistry>

/** The versions and channels of one model in the bucket. */
export function modelRegistry(store: ObjectStore, model: string) {
  /** The numbers under which a file of this name stands, in ascending order. */
  async function numbersWith(file: string, options?: RequestOptions): Promise<number[]> {
    const found: number[] = []
    const prefix = registryKeys.versions(model)
    for await (const { key } of store.list(prefix, options)) {
      const [version = '', name] = key.slice(prefix.length).split('/')
      if (name === file && /^\d+$/.test(version)) found.push(Number(version))
    }
    return found.sort((a, b) => a - b)
  }

  /** The complete versions, in ascending order. */
  const versions = (options?: RequestOptions) => numbersWith(MANIFEST_FILE, options)

  async function holderOf(version: number): Promise<Holder | undefined> {
    return (await store.getJson(registryKeys.reservation(model, version), reservationSchema))?.value
  }

  /** The number that a run has, or else the next one that nobody has. */
  async function reserve(wanted: Holder): Promise<number> {
    const isWanted = (holder: Holder | undefined) =>
      holder?.dataset === wanted.dataset && holder.run === wanted.run
    const taken = await numbersWith(RESERVATION_FILE)
    for (const version of taken.toReversed()) {
      const holder = await holderOf(version)
      if (isWanted(holder)) return version
      // Later runs have later numbers.
      if (holder?.dataset === wanted.dataset && holder.run < wanted.run) break
    }
    const last = Math.max(taken.at(-1) ?? 0, (await versions()).at(-1) ?? 0)
    for (let version = last + 1; ; version++) {
      try {
        await store.putJson(registryKeys.reservation(model, version), wanted, { ifAbsent: true })
        return version
      } catch (error) {
        if (!(error instanceof EdgeloopError && error.code === 'CONFLICT')) throw error
        if (isWanted(await holderOf(version))) return version
      }
    }
  }

  async function manifestOf(version: number): Promise<{ manifest: Manifest; hash: string }> {
    const key = registryKeys.manifest(model, version)
    const object = await store.get(key)
    if (!object)
      throw new EdgeloopError('NOT_FOUND', `model ${model} has no version ${version}`, {
        where: key,
        hint: `versions: ${(await versions()).join(', ') || 'none yet'}`,
      })
    return { manifest: parseManifest(object.body, key), hash: sha256(object.body) }
  }

  return {
    versions,
    manifest: manifestOf,

    /**
     * Writes a version under the next free number: files first, manifest last. A run that is repeated after a crash
     * gets the number that it had; a version that is complete stays as it is, because a channel may name its hash.
     *
     * @param run the run's id within the dataset that it trained on
     */
    async publish(
      run: string,
      head: Head,
      about: Omit<Manifest, 'format' | 'model' | 'version' | 'at' | 'head' | 'novelty' | 'files'>,
      novelty?: Novelty
    ): Promise<Manifest> {
      const version = await reserve({ dataset: about.trainedOn.dataset, run })
      const complete = await store.head(registryKeys.manifest(model, version))
      if (complete) return (await manifestOf(version)).manifest
      const encoded = encodeHead(head)
      const known = novelty && encodeNovelty(novelty)
      const parts = { [HEAD_FILE]: encoded.bytes, ...(known && { [NOVELTY_FILE]: known.bytes }) }
      for (const [file, bytes] of Object.entries(parts))
        await store.put(registryKeys.file(model, version, file), bytes)
      const manifest: Manifest = {
        format: 'edgeloop-model/1',
        model,
        version,
        at: new Date().toISOString(),
        head: encoded.json,
        ...(known && { novelty: known.json }),
        files: Object.fromEntries(
          Object.entries(parts).map(([file, bytes]) => [file, { sha256: sha256(bytes), size: bytes.length }])
        ),
        ...about,
      }
      await store.putJson(registryKeys.manifest(model, version), manifest)
      return manifest
    },

    /** A version's head, verified against the manifest's hash. */
    async head(version: number): Promise<{ head: Head; manifest: Manifest }> {
      const { manifest } = await manifestOf(version)
      const key = registryKeys.file(model, version, HEAD_FILE)
      const object = await store.get(key)
      if (!object) throw new EdgeloopError('CORRUPT', `version ${version} has no head`, { where: key })
      return { head: readHead(manifest, object.body, key), manifest }
    },

    async channel(channel: string): Promise<{ value: ChannelPointer; etag: string } | undefined> {
      return store.getJson(registryKeys.channel(model, channel), channelPointer)
    },

    /**
     * Points a channel at a version.
     *
     * @param seen the pointer that the decision was made on; somebody else's change in between is a CONFLICT
     */
    async setChannel(
      channel: string,
      move: { version: number; by: string; why: string },
      seen: { value: ChannelPointer; etag: string } | undefined
    ): Promise<ChannelPointer> {
      const { hash } = await manifestOf(move.version)
      const pointer: ChannelPointer = {
        ...move,
        manifest: hash,
        previous: seen?.value.version ?? null,
        at: new Date().toISOString(),
      }
      const condition = seen ? { ifMatch: seen.etag } : { ifAbsent: true }
      await store.putJson(registryKeys.channel(model, channel), pointer, condition)
      return pointer
    },
  }
}

/** Parses the bytes of a `manifest.json`. */
export function parseManifest(bytes: Uint8Array, where: string): Manifest {
  const corrupt = (detail: string, cause?: unknown) =>
    new EdgeloopError('CORRUPT', `not a model manifest: ${detail}`, {
      where,
      hint: 'fetch it again, or promote another version',
      cause,
    })
  try {
    const parsed = manifestSchema.safeParse(JSON.parse(new TextDecoder().decode(bytes)))
    if (parsed.success) return parsed.data
    const issue = parsed.error.issues[0]!
    throw corrupt(`${issue.path.join('.')}: ${issue.message}`)
  } catch (cause) {
    throw cause instanceof EdgeloopError ? cause : corrupt('it is not JSON', cause)
  }
}

/** Reads a version's head and verifies it against the manifest. */
export function readHead(manifest: Manifest, bytes: Uint8Array, where: string): Head {
  verify(manifest, HEAD_FILE, bytes, where)
  return decodeHead(manifest.head, bytes)
}

/** Reads what a version knows, likewise; undefined where the manifest names nothing. */
export function readNovelty(manifest: Manifest, bytes: Uint8Array, where: string): Novelty | undefined {
  if (!manifest.novelty) return undefined
  verify(manifest, NOVELTY_FILE, bytes, where)
  return decodeNovelty(manifest.novelty, bytes)
}

function verify({ files, version }: Manifest, file: string, bytes: Uint8Array, where: string): void {
  if (sha256(bytes) === files[file]?.sha256) return
  throw new EdgeloopError('CORRUPT', `${file} of version ${version} does not match its manifest`, {
    where,
    hint: 'fetch it again',
  })
}

/** SHA-256 in hexadecimal digits. */
export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
