/**
 * What the gateway costs between a caller and a function: the same function is asked directly, through the gateway, and
 * through a bare proxy, in turn.
 *
 *     npm run bench gateway -- [--rounds 10] [--seconds 2]
 * @module
 */
import { parseArgs } from 'node:util'
import { compareRates } from '../compare-rates.ts'
import { type Row, row } from '../report.ts'
import { requestRate } from '../request-rate.ts'
import { medianLatencies } from './latency.ts'
import { startProcesses } from './processes.ts'

const SMALL = Buffer.alloc(1024, 'x')
const LARGE = Buffer.alloc(2_000_000, 'x')
/** How often the gateway's memory is looked at, in milliseconds. */
const LOOK_MS = 100

export default async function gateway(args: string[]): Promise<Row[]> {
  const { values } = parseArgs({
    args,
    options: { rounds: { type: 'string', default: '10' }, seconds: { type: 'string', default: '2' } },
  })
  const rounds = Number(values.rounds)
  const duration = Number(values.seconds)
  const processes = await startProcesses()
  try {
    const { direct, gateway, proxy } = processes
    const asking = (url: string, connections: number, body: Buffer) => () =>
      requestRate(url, { connections, body, duration })
    const small = await compareRates(
      {
        direct: asking(direct, 16, SMALL),
        gateway: asking(gateway, 16, SMALL),
        proxy: asking(proxy, 16, SMALL),
      },
      rounds
    )
    const [near, far] = (await medianLatencies([direct, gateway], SMALL, 4000)) as [number, number]
    const before = await processes.memory()
    let most = before
    const looking = setInterval(async () => {
      most = Math.max(most, await processes.memory())
    }, LOOK_MS)
    const large = await compareRates(
      { gateway: asking(gateway, 4, LARGE), proxy: asking(proxy, 4, LARGE) },
      rounds
    )
    clearInterval(looking)
    const directly = { name: 'directly', value: small.direct }
    const bare = (value: number) => ({ name: 'a bare Node proxy', value })
    return [
      row('1 KB echo, 16 callers', small.gateway, 'requests/s', ['≥', 0.7], directly),
      row('the same', small.gateway, 'requests/s', ['≥', 1], bare(small.proxy)),
      row('latency added, 1 caller, median', far - near, 'ms', ['≤', 0.2]),
      row('2 MB echo, 4 callers', large.gateway, 'requests/s', ['≥', 1], bare(large.proxy)),
      row('memory grown by 2 MB bodies', (most - before) / 2 ** 20, 'MiB', ['≤', 64]),
    ]
  } finally {
    await processes.close()
  }
}
