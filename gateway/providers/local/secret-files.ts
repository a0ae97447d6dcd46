import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { EdgeloopError } from '../../../lib/errors/index.ts'
import { DEFAULT_NAMESPACE, type Secrets } from '../../provider.ts'

/** A name can never leave its directory, nor hide in it. */
const NAME = /^[a-z0-9][-._a-z0-9]*$/

export interface SecretFiles extends Secrets {
  /** Where the functions of a namespace find theirs: their SECRETS_DIR. */
  directoryOf(namespace: string): string
  /** Those of the names that there is no secret for. */
  missing(names: readonly string[], namespace: string): Promise<string[]>
  removeAll(namespace: string): Promise<void>
}

/** Secrets as files of a directory, which functions on this machine read. */
export function secretFiles(root: string): SecretFiles {
  // No secret's name begins with a dot.
  const directoryOf = (namespace: string) =>
    namespace === DEFAULT_NAMESPACE ? root : path.join(root, '.namespaces', namespace)

  function fileOf(name: string, namespace = DEFAULT_NAMESPACE): string {
    if (!NAME.test(name))
      throw new EdgeloopError('INVALID_INPUT', `"${name}" is no name of a secret`, {
        where: 'name',
        hint: 'use lower-case letters, digits, "-", "_" and "."',
      })
    return path.join(directoryOf(namespace), name)
  }
  const exists = (file: string) =>
    stat(file).then(
      (found) => found.isFile(),
      () => false
    )

  async function write(file: string, value: Uint8Array): Promise<void> {
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 })
    // A function that reads it at this moment gets the old one or the new one.
    await writeFile(`${file}~`, value, { mode: 0o600, flush: true })
    await rename(`${file}~`, file)
  }

  return {
    directoryOf,
    async list(namespace = DEFAULT_NAMESPACE) {
      const found = await readdir(directoryOf(namespace), { withFileTypes: true }).catch(() => [])
      return found
        .flatMap((entry) =>
          entry.isFile() && NAME.test(entry.name) ? [{ name: entry.name, namespace }] : []
        )
        .sort((a, b) => (a.name < b.name ? -1 : 1))
    },
    async create({ name, namespace, value }) {
      const file = fileOf(name, namespace)
      if (await exists(file))
        throw new EdgeloopError('CONFLICT', `there is a secret "${name}" already`, {
          where: name,
          hint: 'update it instead',
        })
      await write(file, value)
    },
    async update({ name, namespace, value }) {
      const file = fileOf(name, namespace)
      if (!(await exists(file))) return false
      await write(file, value)
      return true
    },
    async remove(name, namespace) {
      const file = fileOf(name, namespace)
      if (!(await exists(file))) return false
      await rm(file)
      return true
    },
    async missing(names, namespace) {
      const there = await Promise.all(names.map((name) => exists(fileOf(name, namespace))))
      return names.filter((_, index) => !there[index])
    },
    removeAll: (namespace) => rm(directoryOf(namespace), { recursive: true, force: true }),
  }
}
