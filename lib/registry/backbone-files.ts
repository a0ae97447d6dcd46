import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { openBackbone } from '../backbone/index.ts'
import { EdgeloopError } from '../errors/index.ts'
import type { ObjectStore } from '../s3/index.ts'
import { BACKBONE_FILES, registryKeys } from './keys.ts'

/** Puts the backbone in a folder into the registry, once. */
export async function publishBackbone(store: ObjectStore, directory: string, hash: string): Promise<void> {
  const key = (file: string) => registryKeys.backboneFile(hash, file)
  if (await store.head(key(BACKBONE_FILES.at(-1)!))) return
  for (const file of BACKBONE_FILES) await store.put(key(file), await readFile(path.join(directory, file)))
}

/**
 * Fetches a backbone from the registry into a folder, which appears whole and verified, or not at all; one that is there
 * already stays.
 *
 * @throws EdgeloopError NOT_FOUND when the registry lacks it, CORRUPT when it is another one than its name says
 */
export async function fetchBackbone(store: ObjectStore, hash: string, directory: string): Promise<void> {
  if (await stat(directory).catch(() => undefined)) return
  const draft = `${directory}.part`
  await rm(draft, { recursive: true, force: true })
  await mkdir(draft, { recursive: true })
  for (const file of BACKBONE_FILES) {
    const key = registryKeys.backboneFile(hash, file)
    const object = await store.get(key)
    if (!object)
      throw new EdgeloopError('NOT_FOUND', `the registry has no backbone ${hash}`, {
        where: key,
        hint: 'put backbone.json and weights.bin of its folder there',
      })
    await writeFile(path.join(draft, file), object.body, { flush: true })
  }
  const { manifest } = await openBackbone(draft)
  if (manifest.hash !== hash)
    throw new EdgeloopError('CORRUPT', `this is backbone ${manifest.hash}, not ${hash}`, {
      where: registryKeys.backboneFile(hash, BACKBONE_FILES.at(-1)!),
      hint: 'put the right one there',
    })
  await rename(draft, directory)
}
