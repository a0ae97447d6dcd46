import { chmod, mkdir, readdir } from 'node:fs/promises'
import path from 'node:path'
import { writeWhole } from '../../lib/whole-file/index.ts'

// Functions run as other users, whatever the umask of this process: they enter and read, and only their owner writes.
const FOLDER = 0o755
const FILE = 0o644

/** As `writeWhole`, in a folder that is made where it is missing. */
export async function writeForFunctions(file: string, bytes: Uint8Array | string): Promise<void> {
  await makeFolder(path.dirname(file))
  await writeWhole(file, bytes, FILE)
}

/** Makes a folder, and those above it, where they are missing. */
export async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true })
  if (first === undefined) return
  for (let made = path.resolve(folder); made.startsWith(first); made = path.dirname(made))
    await chmod(made, FOLDER)
}

/** Lets functions read a folder of files that somebody else has made. */
export async function makeReadable(folder: string): Promise<void> {
  for (const name of await readdir(folder)) await chmod(path.join(folder, name), FILE)
  await chmod(folder, FOLDER)
}
