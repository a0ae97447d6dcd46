/**
 * A program's life: it says when it is ready, and ends when it is told to, or with the process that started it.
 * @module
 */

/**
 * Tells the process that started this one, where there is one, that it can be used from now on, and ends on SIGTERM.
 *
 * @param ready what whoever started it has to know: addresses
 * @param close lets go of everything; nothing is killed before it resolves
 */
export function serveUntilStopped(ready: object, close: () => Promise<void>): void {
  let stopping = false
  const stop = async () => {
    if (stopping) return
    stopping = true
    await close()
    process.exit(0)
  }
  process.on('SIGTERM', stop)
  // A terminal sends Ctrl-C to everybody: whoever started this process decides when it ends.
  if (process.send) process.on('SIGINT', () => {})
  else process.on('SIGINT', stop)
  process.on('disconnect', stop)
  process.send?.(ready)
}
