import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Line } from '../terminal/index.ts'
import { drawPicture } from './picture.ts'

/** A photo as somebody can look at it: drawn, and in a file. */
export interface ShownPhoto {
  /** Empty where the terminal has no room or too few colours. */
  picture: readonly Line[]
  /** Where the photo is for other programs to show; undefined where there is no room on the disk. */
  file: string | undefined
}

/** Shows photos; the files are gone when it is closed. */
export function createShownPhotos() {
  /** Once there is a file. */
  let folder: string | undefined

  async function keep(name: string, bytes: Uint8Array): Promise<string> {
    folder ??= await mkdtemp(path.join(tmpdir(), 'edgeloop-label-'))
    const file = path.join(folder, name)
    await writeFile(file, bytes)
    return file
  }

  return {
    /** @param box the most columns and rows, and the terminal's bits a colour */
    async show(
      photo: { hash: string; bytes: Uint8Array; mediaType: string },
      { depth, ...box }: { columns: number; rows: number; depth: number }
    ): Promise<ShownPhoto> {
      const { hash, bytes, mediaType } = photo
      const picture = await drawPicture(bytes, box, depth).catch(() => [])
      // Where there is no room for it, the picture alone has to do.
      const file = await keep(`${hash.slice(0, 12)}.${mediaType.split('/')[1]}`, bytes).catch(() => undefined)
      return { picture, file }
    },

    async close(): Promise<void> {
      if (folder) await rm(folder, { recursive: true, force: true })
    },
  }
}
