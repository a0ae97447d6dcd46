// `npm run test:cluster`: everything on a real Kubernetes, which needs root, Linux and Go. Where they are missing it
// says so and is no failure: nothing was tested.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { ensureDependencies } from './ensure-dependencies.mjs'

ensureDependencies()
const works = (command, args) => spawnSync(command, args, { stdio: 'ignore' }).status === 0
const missing = [
  ...(process.platform === 'linux' ? [] : ['Linux']),
  ...(process.getuid?.() === 0 ? [] : ['root']),
  ...(works('go', ['version']) ? [] : ['Go']),
  ...(works('apt-get', ['--version']) ? [] : ['apt-get']),
]
if (missing.length > 0) {
  console.log(`test:cluster skipped: it needs ${missing.join(' and ')}.`)
  process.exit(0)
}
const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url))
const args = ['run', '--config', 'vitest.cluster.config.ts', ...process.argv.slice(2)]
const { status } = spawnSync(process.execPath, [vitest, ...args], { stdio: 'inherit' })
process.exitCode = status ?? 1
