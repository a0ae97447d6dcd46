import { mkdir } from 'node:fs/promises'

/** Makes each folder once, and resolves when the folder's entry in its parent is on disk. */
export function createFolders(sync: (directory: string) => Promise<void>) {
  const made = new Map<string, Promise<void>>()

  return (parent: string, folder: string): Promise<void> => {
    let making = made.get(folder)
    if (!making) {
      // One that exists may have been made a moment before a power cut: its parent is synced all the same.
      making = mkdir(folder, { recursive: true }).then(() => sync(parent))
      making.catch(() => made.delete(folder))
      made.set(folder, making)
    }
    return making
  }
}
