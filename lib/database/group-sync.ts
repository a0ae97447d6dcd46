import { syncDirectory } from './files.ts'

/**
 * Syncs directories for many writers at once: who asks while a sync of the directory is running shares the next one. (It
 * cannot share the running one, which may have begun before its file was renamed.)
 */
export function createGroupSync(sync: (directory: string) => Promise<void> = syncDirectory) {
  const running = new Map<string, Promise<void>>()
  const next = new Map<string, Promise<void>>()

  function start(directory: string): Promise<void> {
    const promise = sync(directory).finally(() => running.delete(directory))
    running.set(directory, promise)
    return promise
  }

  return (directory: string): Promise<void> => {
    const current = running.get(directory)
    if (!current) return start(directory)
    let following = next.get(directory)
    if (!following) {
      const begin = () => {
        next.delete(directory)
        return start(directory)
      }
      following = current.then(begin, begin)
      next.set(directory, following)
    }
    return following
  }
}
