import { mkdir, readFile, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { readBackboneManifest, verifyBackbone } from '../backbone/index.ts'
import { EdgeloopError } from '../errors/index.ts'
import { type DownloadOptions, downloadObject, finishDownload, type ObjectStore } from '../s3/index.ts'
import { BACKBONE_FILES, registryKeys } from './keys.ts'

/** Puts the backbone in a folder into the registry, once. */
export async function publishBackbone(store: ObjectStore, directory: string, hash: string): Promise<void> {
  const key = (file: string) => registryKeys.backboneFile(hash, file)
  if (await store.head(key(BACKBONE_FILES.at(-1)!))) return
  for (const file of BACKBONE_FILES) await store.put(key(file), await readFile(path.join(directory, file)))
}

/**
 * Fetches a backbone from the registry into a folder, which appears whole and verified, or not at all; one that is there
 * already stays. After a failure, also after a kill, the same call goes on where the last one was: until then its files are
 * in `DIRECTORY.part`.
 *
 * @throws EdgeloopError NOT_FOUND when the registry lacks it, CORRUPT when it is another one than its name says, and
 *   UNAVAILABLE, with `ENOSPC` as its cause's code, where the disk has no room for it
 */
export async function fetchBackbone(
  store: ObjectStore,
  hash: string,
  directory: string,
  options?: DownloadOptions
): Promise<void> {
  if (await stat(directory).catch(() => undefined)) return
  const draft = `${directory}.part`
  await mkdir(draft, { recursive: true })
  try {
    const [weights, description] = BACKBONE_FILES
    // First, because it says whether the weights are worth fetching.
    await fetchFile(store, hash, path.join(draft, description), options)
    checkName(await readBackboneManifest(draft), hash)
    await fetchFile(store, hash, path.join(draft, weights), options)
    await verifyBackbone(draft)
  } catch (error) {
    // What is not as it should be would not get better by going on with it.
    if (error instanceof EdgeloopError && error.code === 'CORRUPT')
      await rm(draft, { recursive: true, force: true })
    throw error
  }
  for (const file of BACKBONE_FILES) await finishDownload(path.join(draft, file))
  await rename(draft, directory)
}

async function fetchFile(
  store: ObjectStore,
  hash: string,
  file: string,
  options: DownloadOptions | undefined
): Promise<void> {
  const key = registryKeys.backboneFile(hash, path.basename(file))
  if (await downloadObject(store, key, file, options)) return
  throw new EdgeloopError('NOT_FOUND', `the registry has no backbone ${hash}`, {
    where: key,
    hint: 'put backbone.json and weights.bin of its folder there',
  })
}

function checkName(found: { hash: string }, hash: string): void {
  if (found.hash === hash) return
  throw new EdgeloopError('CORRUPT', `this is backbone ${found.hash}, not ${hash}`, {
    where: registryKeys.backboneFile(hash, BACKBONE_FILES.at(-1)!),
    hint: 'put the right one there',
  })
}
