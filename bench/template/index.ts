/**
 * What the template's server costs around a function, where OpenFaaS has a watchdog in front: the same function is asked in
 * it, and on Node alone, in turn.
 *
 *     npm run bench template -- [--rounds 10] [--seconds 2]
 * @module
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { bundle } from '../../deploy/images/index.ts'
import { createTeardown } from '../../lib/teardown/index.ts'
import { compareRates } from '../compare-rates.ts'
import { type Row, row } from '../report.ts'
import { requestRate } from '../request-rate.ts'
import { startServer } from '../start-server.ts'

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url))
const SMALL = Buffer.alloc(1024, 'x')
const LARGE = Buffer.alloc(2_000_000, 'x')

export default async function template(args: string[]): Promise<Row[]> {
  const { values } = parseArgs({
    args,
    options: { rounds: { type: 'string', default: '10' }, seconds: { type: 'string', default: '2' } },
  })
  const rounds = Number(values.rounds)
  const duration = Number(values.seconds)
  const teardown = createTeardown()
  const directory = await mkdtemp(path.join(tmpdir(), 'edgeloop-bench-'))
  teardown.add(() => rm(directory, { recursive: true, force: true }))
  try {
    await bundle({
      processes: {
        template: here('../../templates/node-typescript/main.ts'),
        node: here('node.main.ts'),
      },
      handler: here('../gateway/echo.fixture.ts'),
      directory,
    })
    const start = async (name: string) =>
      (await startServer(path.join(directory, `${name}.js`), {}, teardown)).url
    const places = { template: await start('template'), node: await start('node') }
    const compare = (connections: number, body: Buffer) => {
      const load = { connections, body, duration }
      const { template, node } = places
      return compareRates(
        { template: () => requestRate(template, load), node: () => requestRate(node, load) },
        rounds
      )
    }
    const small = await compare(16, SMALL)
    const large = await compare(4, LARGE)
    const alone = (value: number) => ({ name: 'the same app on Node alone', value })
    return [
      row('1 KB echo, 16 callers', small.template, 'requests/s', ['≥', 0.9], alone(small.node)),
      row('2 MB echo, 4 callers', large.template, 'requests/s', ['≥', 0.9], alone(large.node)),
    ]
  } finally {
    await teardown.run()
  }
}
