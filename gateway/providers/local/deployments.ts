import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { EdgeloopError } from '../../../lib/errors/index.ts'
import { deployment } from '../../../lib/stack/index.ts'

const record = z.object({ deployment, createdAt: z.iso.datetime() })
const file = z.array(record)

export type DeploymentRecord = z.infer<typeof record>

/** What is deployed, kept in one file so that a restart finds it. */
export function deploymentFile(directory: string) {
  const target = path.join(directory, 'functions.json')
  return {
    async read(): Promise<DeploymentRecord[]> {
      const text = await readFile(target, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return '[]'
        throw error
      })
      try {
        return file.parse(JSON.parse(text))
      } catch (cause) {
        throw new EdgeloopError('CORRUPT', 'the list of deployed functions cannot be read', {
          where: target,
          hint: 'remove the file and deploy again',
          cause,
        })
      }
    },

    async write(records: DeploymentRecord[]): Promise<void> {
      await mkdir(directory, { recursive: true })
      await writeFile(`${target}.part`, JSON.stringify(records, null, 2), { flush: true })
      await rename(`${target}.part`, target)
    },
  }
}
