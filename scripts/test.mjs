// `npm test`: installs what is missing, then runs every test. `--minutes N` and `--seed N` are for the random faults.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { ensureDependencies } from './ensure-dependencies.mjs'

ensureDependencies()
const args = process.argv.slice(2)
const take = (option) => {
  const at = args.indexOf(option)
  return at < 0 ? undefined : args.splice(at, 2)[1]
}
const env = { ...process.env }
const minutes = take('--minutes')
const seed = take('--seed')
if (minutes) env.EDGELOOP_FAULT_MINUTES = minutes
if (seed) env.EDGELOOP_FAULT_SEED = seed

const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url))
const { status } = spawnSync(process.execPath, [vitest, 'run', ...args], { stdio: 'inherit', env })
process.exitCode = status ?? 1
