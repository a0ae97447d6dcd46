/**
 * Reads the arrays of an HDF5 file.
 * @module
 */
import type { File } from 'h5wasm/node'
import { EdgeloopError } from '../../errors/index.ts'

/** Row-major numbers. */
export interface KerasArray {
  shape: number[]
  data: Float32Array
}

/** An open file. Paths have no slash at the beginning. */
export interface Hdf5 {
  /** Names of what a group holds, in HDF5's order; none where there is no such group. */
  children(path: string): string[]
  /** Strings of an attribute, such as `layer_names`; undefined where there is none. */
  strings(path: string, attribute: string): string[] | undefined
  /** @throws INVALID_INPUT when there is no array of float32 */
  array(path: string): KerasArray
}

/**
 * Opens the file while `read` runs.
 * @param where what errors call the file
 * @throws INVALID_INPUT when it is no HDF5 file, or is damaged
 */
export async function withHdf5<T>(file: string, where: string, read: (hdf5: Hdf5) => T): Promise<T> {
  // Not before somebody imports weights: megabytes of WebAssembly, which every process with a backbone would load.
  const { Dataset, File, Group, ready } = await import('h5wasm/node')
  // Otherwise the library writes what is wrong to standard error, and gives numbers that it could not read as they are.
  ;(await ready).activate_throwing_error_handler()
  const invalid = (message: string, cause?: unknown) =>
    new EdgeloopError('INVALID_INPUT', message, {
      where,
      hint: 'Give the weights that Keras Applications publishes (.h5), or a model that Keras saved (.keras).',
      cause,
    })
  let opened: File
  try {
    opened = new File(file, 'r')
  } catch (cause) {
    const cut = /truncated file/.test(String(cause))
    throw invalid(cut ? 'this HDF5 file is cut short' : 'this is not an HDF5 file', cause)
  }
  try {
    return read({
      children(path) {
        const group = path === '' ? opened : opened.get(path)
        return group instanceof Group ? group.keys() : []
      },
      strings(path, attribute) {
        const entity = path === '' ? opened : opened.get(path)
        if (!(entity instanceof Group)) return undefined
        const value = entity.attrs[attribute]?.value
        return Array.isArray(value) ? value.map(String) : undefined
      },
      array(path) {
        const entity = opened.get(path)
        // Each look at `value` reads the file.
        const data = entity instanceof Dataset && entity.value
        if (entity instanceof Dataset && data instanceof Float32Array)
          return { shape: entity.shape ?? [], data }
        throw invalid(`it has no float32 array '${path}'`)
      },
    })
  } catch (cause) {
    throw cause instanceof EdgeloopError ? cause : invalid('this HDF5 file is damaged', cause)
  } finally {
    opened.close()
  }
}
