import autocannon from 'autocannon'
import { median } from './median.ts'

const HEADERS = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' }

export interface Load {
  connections: number
  body: Buffer
  rounds: number
  /** Seconds. */
  duration: number
}

/**
 * Requests a second, the median of the rounds. Places are asked in turn, each round in another order: whatever else the
 * machine does hits all of them.
 */
export async function compareRates<N extends string>(
  places: Record<N, string>,
  load: Load
): Promise<Record<N, number>> {
  const names = Object.keys(places) as N[]
  const rates = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<N, number[]>
  // The first round is for the compiler.
  for (let round = 0; round <= load.rounds; round++) {
    const order = round % 2 === 0 ? names : names.toReversed()
    for (const name of order) {
      const found = await rate(places[name], load)
      if (round > 0) rates[name].push(found)
    }
    process.stderr.write(`${names.map((name) => `${name} ${rates[name].at(-1) ?? '–'}`).join(', ')}\n`)
  }
  return Object.fromEntries(names.map((name) => [name, median(rates[name])])) as Record<N, number>
}

async function rate(url: string, { connections, body, duration }: Load): Promise<number> {
  const { requests, errors, non2xx } = await autocannon({
    url,
    method: 'POST',
    headers: HEADERS,
    body,
    connections,
    duration,
  })
  if (errors + non2xx > 0) throw new Error(`${url}: ${errors} errors, ${non2xx} bad answers`)
  return requests.total / duration
}
