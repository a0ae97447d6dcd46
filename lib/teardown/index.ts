/**
 * Letting go of what was opened, when something in the middle fails and at the end.
 * @module
 */

/** What has to be closed; one run closes all of it. */
export interface Teardown {
  /** Call it right after opening something. */
  add(close: () => unknown): void
  /**
   * Closes what was added, the newest first, each one even if another one fails, and once however often it is called.
   * @throws what the first failing one threw
   */
  run(): Promise<void>
}

/**
 * @example
 * const teardown = createTeardown()
 * try {
 *   const server = await open()
 *   teardown.add(() => server.close())
 *   return { server, close: teardown.run }
 * } catch (error) {
 *   await teardown.run()
 *   throw error
 * }
 */
export function createTeardown(): Teardown {
  const closers: (() => unknown)[] = []
  let running: Promise<void> | undefined

  async function closeAll(): Promise<void> {
    const failures: unknown[] = []
    for (let close = closers.pop(); close; close = closers.pop()) {
      try {
        await close()
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
  }

  return {
    add: (close) => closers.push(close),
    run() {
      running ??= closeAll()
      return running
    },
  }
}
