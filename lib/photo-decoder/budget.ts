/** Work that waits until there is room for it. */
export interface Budget {
  /** Runs `work` once `amount` of the total is free; one that is larger than the total has it all to itself. */
  use<T>(amount: number, work: () => Promise<T>): Promise<T>
}

/** Shares something limited out, in the order of asking, so that large work is not overtaken for ever. */
export function createBudget(total: number): Budget {
  let free = total
  const waiting: { amount: number; go: () => void }[] = []

  function admit(): void {
    while (waiting.length > 0 && waiting[0]!.amount <= free) {
      const { amount, go } = waiting.shift()!
      free -= amount
      go()
    }
  }

  return {
    async use(wanted, work) {
      const amount = Math.min(wanted, total)
      await new Promise<void>((go) => {
        waiting.push({ amount, go })
        admit()
      })
      try {
        return await work()
      } finally {
        free += amount
        admit()
      }
    },
  }
}
