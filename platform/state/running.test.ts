import { readFile, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, it } from 'vitest'
import { temporaryDirectory } from '../../test/support/index.ts'
import { announceRunning, findRunning, openStateDirectory } from './index.ts'

const about = {
  gateway: 'http://127.0.0.1:8080',
  broker: 'mqtt://127.0.0.1:1883',
  s3: { endpoint: 'http://127.0.0.1:9000', bucket: 'edgeloop' },
  dataset: 'photos',
  model: 'photos',
  edges: [{ name: 'edge-1', gateway: 'http://127.0.0.1:8081', broker: 'mqtt://127.0.0.1:1884' }],
}

it('a platform is found while it runs, without its credentials, and not afterwards', async () => {
  const { directory, remove } = await temporaryDirectory('running')
  try {
    expect(await findRunning(directory)).toBeUndefined()
    const state = await openStateDirectory(directory, false)
    expect(await findRunning(directory)).toBeUndefined()
    const withdraw = await announceRunning(directory, about)
    expect(await findRunning(directory)).toMatchObject({ ...about, pid: process.pid })
    const text = await readFile(path.join(directory, 'platform.json'), 'utf8')
    expect(text).not.toContain(state.secrets.accessKeyId)

    // As after a kill: the file stays, the process is gone.
    await state.release()
    expect(await findRunning(directory)).toBeUndefined()
    await withdraw()
    await expect(stat(path.join(directory, 'platform.json'))).rejects.toThrow('ENOENT')
  } finally {
    await remove()
  }
})

it('what cannot be read is told, while somebody runs there', async () => {
  const { directory, remove } = await temporaryDirectory('running')
  try {
    const state = await openStateDirectory(directory, false)
    await writeFile(path.join(directory, 'platform.json'), '{"pid":')
    await expect(findRunning(directory)).rejects.toMatchObject({ code: 'CORRUPT' })
    await state.release()
    expect(await findRunning(directory)).toBeUndefined()
  } finally {
    await remove()
  }
})
