import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readlink, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { defaultBackboneDir, openBackbone } from '../../backbone/index.ts'
import { isInstalled } from '../installed.ts'
import { loadTfjsNode } from './load.ts'
import { createNetwork } from './network.ts'

/** Where networks of this test put their files; others run beside it. */
let directory: string
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'edgeloop-network-'))
  vi.stubEnv('TMPDIR', directory)
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(directory, { recursive: true })
})

/** Their files that are open, whether they have names or not. proc_pid_fd(5) */
async function openFiles(): Promise<string[]> {
  const names = await readdir('/proc/self/fd')
  const files = await Promise.all(names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => '')))
  return files.filter((file) => file.startsWith(directory))
}

describe.skipIf(!isInstalled('tfjs-node') || !existsSync('/proc/self/fd'))('a network in TensorFlow', () => {
  it('keeps its weights in files without names, and nothing at its end', async () => {
    const network = await createNetwork(await openBackbone(defaultBackboneDir), await loadTfjsNode())
    expect(await readdir(directory)).toEqual([])
    const files = await openFiles()
    expect(files.length).toBeGreaterThan(20)
    expect(files.filter((file) => !file.endsWith('(deleted)'))).toEqual([])
    expect(network.features(new Uint8Array(2 * 224 * 224 * 3), 2)).toHaveLength(2 * 1280)
    network.dispose()
    expect(await openFiles()).toEqual([])
  })

  it('leaves nothing of one that is not built', async () => {
    const { manifest, weights } = await openBackbone(defaultBackboneDir)
    const [first, ...others] = manifest.tensors
    const wrong = { ...manifest, tensors: [...others, { ...first!, name: 'other' }] }
    const attempt = createNetwork({ manifest: wrong, weights }, await loadTfjsNode())
    await expect(attempt).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(await readdir(directory)).toEqual([])
    expect(await openFiles()).toEqual([])
  })
})
