// Installs the dependencies when they are missing or older than the lockfile. Uses nothing but Node itself, because it
// runs before anything is installed.
import { spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const MINIMUM = [20, 19]

/** Leaves with a message when Node is too old or the installation fails. */
export function ensureDependencies() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major < MINIMUM[0] || (major === MINIMUM[0] && minor < MINIMUM[1])) {
    console.error(`Edgeloop needs Node ${MINIMUM.join('.')} or newer; this is ${process.versions.node}.`)
    process.exit(1)
  }
  // npm writes this file at the end of an installation.
  const installed = `${root}node_modules/.package-lock.json`
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(`${root}package-lock.json`).mtimeMs)
    return
  console.error('Installing dependencies (once) …')
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  })
  if (status !== 0) {
    console.error('`npm ci` failed: its message stands above. It needs the npm registry, and nothing else.')
    process.exit(status ?? 1)
  }
}
