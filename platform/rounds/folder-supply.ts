import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { type OpenOptions, openPhotoFolder, splitPhotos } from '../photo-folder/index.ts'
import type { LabelledPhoto, PhotoSupply } from './supply.ts'

export interface FolderSupplyOptions extends OpenOptions {
  seed: number
  golden: number
  test: number
  seedLabels: number
}

/**
 * Photos from folders named by label.
 * @throws EdgeloopError INVALID_INPUT when the folder cannot be used or has too few photos, with what is missing
 */
export async function folderSupply(directory: string, options: FolderSupplyOptions): Promise<PhotoSupply> {
  const split = splitPhotos(await openPhotoFolder(directory, options), options)
  const { golden, test, seeds, stream } = split
  const readable = ({ path, label }: { path: string; label: string }): LabelledPhoto => ({
    label,
    name: path,
    read: () => readFile(path),
  })
  const sets = [golden, test, seeds, stream].map((set) => set.map(({ hash }) => hash))
  return {
    key: `${directory}, seed ${options.seed}, ${createHash('sha256').update(JSON.stringify(sets)).digest('hex').slice(0, 12)}`,
    golden: golden.map(readable),
    test: test.map(readable),
    seeds: seeds.map(readable),
    stream: (index) => (stream[index] ? readable(stream[index]) : undefined),
  }
}
