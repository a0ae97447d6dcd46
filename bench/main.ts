/**
 * `npm run bench NAME`: runs one benchmark and writes its results.
 * @module
 */
import { existsSync, readdirSync } from 'node:fs'
import { type Row, writeReport } from './report.ts'

/** What a benchmark's `index.ts` exports by default. */
type Bench = (args: string[]) => Promise<Row[]>

const [name, ...args] = process.argv.slice(2)
const index = new URL(`${name}/index.ts`, import.meta.url)
if (!name || !existsSync(index)) {
  const names = readdirSync(new URL('.', import.meta.url)).filter((entry) =>
    existsSync(new URL(`${entry}/index.ts`, import.meta.url))
  )
  process.stderr.write(`which benchmark? npm run bench NAME, with one of: ${names.join(', ')}\n`)
  process.exit(1)
}
const bench = ((await import(index.href)) as { default: Bench }).default
await writeReport(name, await bench(args))
