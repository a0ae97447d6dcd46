import { execFile, spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { temporaryDirectory } from '../../test/support/index.ts'

const CHILD = fileURLToPath(new URL('full-disk-child.ts', import.meta.url))
/** A disk that only the child sees, and that goes with it: where users may have that. */
const mounts = ['-rm', 'mount', '-t', 'tmpfs', 'tmpfs', tmpdir()]
const canMount = process.platform === 'linux' && spawnSync('unshare', mounts).status === 0

it.skipIf(!canMount)('a disk that is really full keeps what is needed, and new photos wait', async () => {
  const { directory, remove } = await temporaryDirectory('full-disk')
  try {
    const script = 'mount -t tmpfs -o size=7m tmpfs "$2" && exec "$0" --import tsx "$1" "$2"'
    const command = ['-rm', 'sh', '-c', script, process.execPath, CHILD, directory]
    const { stdout, stderr } = await promisify(execFile)('unshare', command)
    const { taken, ...rest } = JSON.parse(stdout)
    expect(taken).toBeGreaterThan(30)
    expect(rest).toEqual({
      ...{ codes: ['ok', 'OVERLOADED'], state: 'full', lost: [], done: [] },
      afterwards: ['ok', 'ok'],
    })
    expect(stderr).toContain('the disk is full')
  } finally {
    await remove()
  }
})
