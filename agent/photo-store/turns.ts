/**
 * Lets what happens to one photo happen one after another, while different photos do not wait for each other. Writes that
 * follow each other directly are one; a write after a removal is a new one, or its photo would be gone with it.
 */
export function createTurns<Written>() {
  const last = new Map<string, { done: Promise<unknown>; written?: Promise<Written> }>()

  function queue<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = last.get(name)?.done
    return before ? before.then(work, work) : work()
  }

  function remember(name: string, turn: { done: Promise<unknown>; written?: Promise<Written> }) {
    last.set(name, turn)
    const forget = () => {
      if (last.get(name) === turn) last.delete(name)
    }
    turn.done.then(forget, forget)
  }

  return {
    /** Runs `work`, or waits for the write that is under way already. */
    async write(name: string, work: () => Promise<Written>): Promise<{ written: Written; shared: boolean }> {
      const current = last.get(name)?.written
      if (current) return { written: await current, shared: true }
      const written = queue(name, work)
      remember(name, { done: written, written })
      return { written: await written, shared: false }
    },

    async remove(name: string, work: () => Promise<boolean>): Promise<boolean> {
      const done = queue(name, work)
      remember(name, { done })
      return done
    },
  }
}
