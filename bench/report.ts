import { mkdir, writeFile } from 'node:fs/promises'
import os from 'node:os'
import { fileURLToPath } from 'node:url'

/** One figure, held against a named peer or limit of the same run. */
export interface Row {
  name: string
  value: number
  unit: string
  /** What the value is compared with: a peer's figure in this run, or a limit. */
  against: { name: string; value: number }
  /** value / against.value; null where that says nothing. */
  ratio: number | null
  /** What is to be reached, in words: "≥ 0.99". */
  goal: string
  met: boolean
}

/** Compares by a goal such as `['≥', 0.99]`; the limit itself is what the value is held against unless a peer is given. */
export function row(
  name: string,
  value: number,
  unit: string,
  [relation, limit]: ['≥' | '≤', number],
  against: Row['against'] = { name: 'limit', value: limit }
): Row {
  const ratio = against.value === 0 ? null : value / against.value
  // A named peer is compared by ratio, a limit by the value itself.
  const judged = against.name === 'limit' ? value : (ratio ?? value)
  const met = relation === '≥' ? judged >= limit : judged <= limit
  return { name, value, unit, against, ratio, goal: `${relation} ${limit}`, met }
}

const results = new URL('results/', import.meta.url)

/** Writes `bench/results/NAME.json` and a Markdown table beside it, and prints the table. */
export async function writeReport(name: string, rows: readonly Row[]): Promise<void> {
  const [cpu] = os.cpus()
  const machine = {
    cpu: cpu?.model ?? 'unknown',
    cores: os.cpus().length,
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    os: `${os.type()} ${os.arch()}`,
    node: process.versions.node,
  }
  const at = new Date().toISOString()
  await mkdir(results, { recursive: true })
  const file = (ending: string) => fileURLToPath(new URL(`${name}.${ending}`, results))
  await writeFile(file('json'), `${JSON.stringify({ machine, at, rows }, null, 2)}\n`)
  const table = [
    `# bench ${name}`,
    '',
    `${at.slice(0, 10)}, ${machine.cores} cores of ${machine.cpu}, ${machine.memoryGiB} GiB, Node ${machine.node}`,
    '',
    '| what | value | against | ratio | goal | met |',
    '|---|---|---|---|---|---|',
    ...rows.map(tableRow),
    '',
  ].join('\n')
  await writeFile(file('md'), table)
  process.stdout.write(`${table}\n`)
}

function tableRow({ name, value, unit, against, ratio, goal, met }: Row): string {
  const cells = [
    name,
    `${figure(value)} ${unit}`.trim(),
    `${against.name}: ${figure(against.value)}`,
    ratio === null ? '–' : figure(ratio),
    goal,
    met ? 'yes' : '**no**',
  ]
  return `| ${cells.join(' | ')} |`
}

function figure(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toPrecision(4)
}
