/**
 * Photos in folders named by label: what `--photos DIR` takes.
 * @module
 */
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import pLimit from 'p-limit'
import { EdgeloopError } from '../../lib/errors/index.ts'
import { photoHash } from '../../lib/photo/index.ts'
import { isPhotoName, whyNoPhoto } from './kinds.ts'

export interface FolderPhoto {
  path: string
  /** The name of the folder that it lies in. */
  label: string
  /** The file's name. */
  name: string
  /** SHA-256 of its bytes, in hex: the name that the rest of Edgeloop knows it by. */
  hash: string
}

export interface OpenOptions {
  /** Called as photos are read, at most some hundred times. */
  onProgress?: (done: number, total: number) => void
  /** Called with each file that is named like a photo but is none, and is left out. */
  onSkip?: (path: string, why: string) => void
}

/** Enough to keep a disk busy, few enough to hold only some photos in memory. */
const READ_AT_ONCE = 8

/**
 * Reads every photo once, to name it by its hash.
 * @returns the photos sorted by label and name (by code point, so alike on every machine)
 * @throws EdgeloopError NOT_FOUND, INVALID_INPUT (not a directory, unreadable, fewer than two labels with photos, a
 * photo under two labels)
 */
export async function openPhotoFolder(dir: string, options: OpenOptions = {}): Promise<FolderPhoto[]> {
  const labels = (await list(dir)).filter((entry) => entry.isDirectory).map((entry) => entry.name)
  const found: Omit<FolderPhoto, 'hash'>[] = []
  for (const label of labels) {
    for (const entry of await list(join(dir, label))) {
      if (entry.isDirectory || !isPhotoName(entry.name)) continue
      found.push({ path: join(dir, label, entry.name), label, name: entry.name })
    }
  }
  const photos = await readAll(found, options)
  refuseTooFewLabels(dir, photos)
  refuseTwoLabels(photos)
  return photos
}

/** What lies in a directory, links followed, hidden files left out, sorted by code point. */
async function list(dir: string): Promise<{ name: string; isDirectory: boolean }[]> {
  try {
    const names = (await readdir(dir)).filter((name) => !name.startsWith('.')).sort()
    return await Promise.all(
      names.map(async (name) => ({ name, isDirectory: (await stat(join(dir, name))).isDirectory() }))
    )
  } catch (error) {
    throw cannotRead(dir, error)
  }
}

async function readAll(
  found: Omit<FolderPhoto, 'hash'>[],
  { onProgress, onSkip }: OpenOptions
): Promise<FolderPhoto[]> {
  const limit = pLimit(READ_AT_ONCE)
  const reportEvery = Math.max(1, Math.ceil(found.length / 200))
  let done = 0
  const read = await Promise.all(
    found.map((photo) =>
      limit(async () => {
        const bytes = await readFile(photo.path).catch((error) => {
          throw cannotRead(photo.path, error)
        })
        done += 1
        if (done % reportEvery === 0 || done === found.length) onProgress?.(done, found.length)
        const why = whyNoPhoto(bytes)
        if (why) {
          onSkip?.(photo.path, why)
          return undefined
        }
        return { ...photo, hash: photoHash(bytes) }
      })
    )
  )
  return read.filter((photo) => photo !== undefined)
}

function cannotRead(where: string, cause: unknown): EdgeloopError {
  const code = (cause as NodeJS.ErrnoException).code
  if (code === 'ENOENT')
    return new EdgeloopError('NOT_FOUND', 'there are no photos at this path', {
      where,
      hint: 'Check the path; it is relative to the directory that the command runs in.',
      cause,
    })
  if (code === 'ENOTDIR')
    return new EdgeloopError('INVALID_INPUT', 'the folder of photos is not a directory', {
      where,
      hint: 'Give the directory that holds one folder for each label, such as photos/cat and photos/dog.',
      cause,
    })
  return new EdgeloopError('INVALID_INPUT', `the photos cannot be read (${code ?? String(cause)})`, {
    where,
    hint: 'Give the user that runs this the right to read it.',
    cause,
  })
}

function refuseTooFewLabels(dir: string, photos: FolderPhoto[]): void {
  const labels = [...new Set(photos.map((photo) => photo.label))]
  if (labels.length >= 2) return
  const found = labels.length === 0 ? 'no folder with photos' : `photos in only one folder, ${labels[0]}`
  throw new EdgeloopError('INVALID_INPUT', `at least two labels are needed, and there is ${found}`, {
    where: dir,
    hint: 'Put the photos (JPEG, PNG or WebP) into one folder for each label, such as photos/cat and photos/dog.',
  })
}

/** The folders answer for a person; two answers for one photo would be a riddle. */
function refuseTwoLabels(photos: FolderPhoto[]): void {
  const byHash = new Map<string, FolderPhoto>()
  for (const photo of photos) {
    const other = byHash.get(photo.hash)
    if (other && other.label !== photo.label)
      throw new EdgeloopError(
        'INVALID_INPUT',
        `the same photo lies under two labels, ${other.label} and ${photo.label}`,
        {
          where: `${other.path}, ${photo.path}`,
          hint: 'Delete the one that is wrong.',
        }
      )
    byHash.set(photo.hash, photo)
  }
}
