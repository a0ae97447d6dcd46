import { readFile } from 'node:fs/promises'
import { openPhotoFolder, splitPhotos } from '../photo-folder/index.ts'
import type { LabelledPhoto, PhotoSupply } from './supply.ts'

export interface FolderSupplyOptions {
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
  const { golden, test, seeds, stream } = splitPhotos(await openPhotoFolder(directory), options)
  const readable = ({ path, label }: { path: string; label: string }): LabelledPhoto => ({
    label,
    read: () => readFile(path),
  })
  return {
    golden: golden.map(readable),
    test: test.map(readable),
    seeds: seeds.map(readable),
    stream: (index) => (stream[index] ? readable(stream[index]) : undefined),
  }
}
