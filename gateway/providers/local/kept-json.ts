import { mkdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import type { z } from 'zod'
import { EdgeloopError } from '../../../lib/errors/index.ts'
import { writeWhole } from '../../../lib/whole-file/index.ts'

/** Something that survives in one file. */
export interface KeptJson<T> {
  /** @throws EdgeloopError CORRUPT when the file is there and holds something else */
  read(): Promise<T>
  write(value: T): Promise<void>
}

/**
 * @param about what it is, for messages: "the list of deployed functions"
 * @param initial what counts while there is no file
 */
export function keptJson<S extends z.ZodType>(
  target: string,
  schema: S,
  initial: z.infer<S>,
  about: string
): KeptJson<z.infer<S>> {
  return {
    async read() {
      const text = await readFile(target, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined
        throw error
      })
      if (text === undefined) return initial
      try {
        return schema.parse(JSON.parse(text))
      } catch (cause) {
        throw new EdgeloopError('CORRUPT', `${about} cannot be read`, {
          where: target,
          hint: 'remove the file and deploy again',
          cause,
        })
      }
    },

    async write(value) {
      await mkdir(path.dirname(target), { recursive: true })
      await writeWhole(target, JSON.stringify(value, null, 2))
    },
  }
}
