/** A file is only as durable as its name. @module */
import { open } from 'node:fs/promises'

/** Puts the names in a directory on disk. */
export async function syncDirectory(path: string): Promise<void> {
  // Windows cannot open a directory, and needs no sync of it.
  if (process.platform === 'win32') return
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
