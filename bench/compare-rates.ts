import { median } from './median.ts'

/**
 * Rates of several things, the median of the rounds. They are measured in turn, each round in another order: whatever else
 * the machine does hits all of them.
 */
export async function compareRates<N extends string>(
  measures: Record<N, () => Promise<number>>,
  rounds: number
): Promise<Record<N, number>> {
  const names = Object.keys(measures) as N[]
  const rates = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<N, number[]>
  // The first round is for the compiler.
  for (let round = 0; round <= rounds; round++) {
    const order = round % 2 === 0 ? names : names.toReversed()
    for (const name of order) {
      const found = await measures[name]()
      if (round > 0) rates[name].push(found)
    }
    process.stderr.write(`${names.map((name) => `${name} ${rates[name].at(-1) ?? '–'}`).join(', ')}\n`)
  }
  return Object.fromEntries(names.map((name) => [name, median(rates[name])])) as Record<N, number>
}
