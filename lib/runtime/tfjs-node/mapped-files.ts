/**
 * Numbers that TensorFlow maps into its memory from files. As constants of a graph it would copy them six times over before
 * the first prediction, and give little of that back: 1.7 GB for Xception, in place of 1.0 GB.
 * @module
 */
import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'

/** Files without names, which go with this process or this thread at the latest. */
export interface MappedFiles {
  /** @returns a path under which TensorFlow finds the numbers until `close` */
  add(values: Float32Array<ArrayBuffer>): string
  close(): void
}

/** @param directory where the files are while they have names; it can go once all of them were added */
export function createMappedFiles(directory: string): MappedFiles {
  const descriptors: number[] = []
  return {
    add(values) {
      const file = path.join(directory, `${descriptors.length}.bin`)
      writeFileSync(file, values)
      const descriptor = openSync(file, 'r')
      descriptors.push(descriptor)
      rmSync(file)
      return `/dev/fd/${descriptor}`
    },
    close() {
      for (const descriptor of descriptors.splice(0)) closeSync(descriptor)
    },
  }
}
