import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import type { createTeardown } from '../../lib/teardown/index.ts'
import { compareRates } from '../compare-rates.ts'
import { type Row, row } from '../report.ts'
import type { BareLoop } from './bare-loop.ts'

const script = fileURLToPath(new URL('keras_loop.py', import.meta.url))
const BATCHES = [1, 8]

/**
 * How long Xception takes for a photo, against the same weights in Python's TensorFlow, in turn.
 *
 * @param python the Python that has TensorFlow
 * @returns no rows where it has none
 */
export async function againstKeras(
  bare: BareLoop,
  {
    python,
    xception,
    rounds,
    seconds,
  }: { python: string; xception: string; rounds: number; seconds: number },
  teardown: ReturnType<typeof createTeardown>
): Promise<Row[]> {
  const child = execa(python, [script, xception], { reject: false, buffer: false, stderr: 'ignore' })
  teardown.add(async () => {
    child.kill('SIGKILL')
    await child
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async () => ((await lines.next()).value as string | undefined) ?? ''
  const version = /^ready (.*)$/.exec(await next())?.[1]
  if (!version) {
    process.stderr.write(
      `${python} has no TensorFlow with Keras 3: no comparison with it (name one with --python)\n`
    )
    return []
  }
  const rows: Row[] = []
  for (const batch of BATCHES) {
    const rates = await compareRates(
      {
        edgeloop: () => bare.rate({ batch, seconds }),
        keras: async () => {
          child.stdin.write(`${batch} ${seconds}\n`)
          return Number(await next())
        },
      },
      rounds
    )
    rows.push(
      row(`xception on tfjs-node, ${batch} at a time: a photo`, 1000 / rates.edgeloop, 'ms', ['≤', 1.1], {
        name: `Keras on Python TensorFlow ${version}`,
        value: 1000 / rates.keras,
      })
    )
  }
  return rows
}
