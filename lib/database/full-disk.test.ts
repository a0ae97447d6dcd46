import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const CHILD = fileURLToPath(new URL('full-disk-child.ts', import.meta.url))

it.skipIf(process.platform === 'win32')(
  'a disk that is full refuses commits, and nothing else happens',
  async () => {
    const directory = await mkdtemp(join(tmpdir(), 'edgeloop-full-'))
    try {
      // A limit of the shell on the size of files stands in for the full disk.
      const script = 'ulimit -f 1200 && exec "$0" --import tsx "$1" "$2"'
      const { stdout } = await promisify(execFile)('sh', ['-c', script, process.execPath, CHILD, directory])
      const { written, kept, refused, more, afterwards } = JSON.parse(stdout)
      expect(written).toBeGreaterThan(50)
      expect(kept).toBe(written)
      expect([...refused, ...more]).toEqual(Array(4).fill('UNAVAILABLE'))
      expect(afterwards).toEqual(['ok'])
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  }
)
