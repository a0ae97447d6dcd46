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
  /** Gives up: a large folder takes minutes. */
  signal?: AbortSignal
}

/** Enough to keep a disk busy, few enough to hold only some photos in memory. */
const READ_AT_ONCE = 8

/**
 * Reads every photo once, to name it by its hash.
 * @returns the photos sorted by label and name (by code point, so alike on every machine)
 * @throws EdgeloopError NOT_FOUND, INVALID_INPUT (not a directory, unreadable, fewer than two labels with photos, a
 * photo under two labels); the signal's reason
 */
export async function openPhotoFolder(dir: string, options: OpenOptions = {}): Promise<FolderPhoto[]> {
  const entries = await list(dir)
  refuseLostLabel(dir, entries)
  const labels = entries.filter((entry) => entry.isDirectory).map((entry) => entry.name)
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

interface Entry {
  name: string
  isDirectory: boolean
  /** A link to nothing. */
  lost: boolean
}

/** What lies in a directory, links followed, hidden files left out, sorted by code point. */
async function list(dir: string): Promise<Entry[]> {
  try {
    const names = (await readdir(dir)).filter((name) => !name.startsWith('.')).sort()
    return await Promise.all(
      names.map(async (name) => {
        const found = await statOf(join(dir, name))
        return { name, isDirectory: found?.isDirectory() ?? false, lost: found === undefined }
      })
    )
  } catch (error) {
    throw cannotRead(dir, error)
  }
}

async function statOf(path: string) {
  try {
    return await stat(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

async function readAll(
  found: Omit<FolderPhoto, 'hash'>[],
  { onProgress, onSkip, signal }: OpenOptions
): Promise<FolderPhoto[]> {
  const limit = pLimit(READ_AT_ONCE)
  const reportEvery = Math.max(1, Math.ceil(found.length / 200))
  let done = 0
  const read = await Promise.all(
    found.map((photo) =>
      limit(async () => {
        signal?.throwIfAborted()
        const bytes = await readFile(photo.path).catch((error: NodeJS.ErrnoException) => {
          if (error.code === 'ENOENT') return undefined
          throw cannotRead(photo.path, error)
        })
        done += 1
        if (done % reportEvery === 0 || done === found.length) onProgress?.(done, found.length)
        const why = bytes ? whyNoPhoto(bytes) : 'it is a link to nothing, or has just been deleted'
        if (!bytes || why) {
          onSkip?.(photo.path, why!)
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

/** Among photos, one that is missing does not matter; among labels it does. */
function refuseLostLabel(dir: string, entries: readonly Entry[]): void {
  const lost = entries.find((entry) => entry.lost)
  if (!lost) return
  throw new EdgeloopError('NOT_FOUND', 'the link leads to nothing', {
    where: join(dir, lost.name),
    hint: 'Mend it, or delete it.',
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
