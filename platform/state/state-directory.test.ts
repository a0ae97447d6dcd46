import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openStateDirectory, type StateDirectory } from './index.ts'

let parent: string
let root: string
const opened: StateDirectory[] = []

async function open(directory = root, fresh = false): Promise<StateDirectory> {
  const state = await openStateDirectory(directory, fresh)
  opened.push(state)
  return state
}

beforeEach(async () => {
  parent = await mkdtemp(path.join(tmpdir(), 'edgeloop-state-'))
  root = path.join(parent, 'state')
})
afterEach(async () => {
  await Promise.all(opened.splice(0).map((state) => state.release()))
  await rm(parent, { recursive: true, force: true })
})

describe('the state directory', () => {
  it('is made where there is none, and keeps its secrets to this user', async () => {
    const { secrets } = await open()
    expect(await readFile(path.join(secrets.directory, 's3-access-key-id'), 'utf8')).toBe(secrets.accessKeyId)
    expect((await stat(secrets.directory)).mode & 0o77).toBe(0)
    for (const name of await readdir(secrets.directory))
      expect((await stat(path.join(secrets.directory, name))).mode & 0o77).toBe(0)
  })

  it('is found again as it was', async () => {
    const first = await open()
    await writeFile(path.join(root, 'kept'), 'something')
    await first.release()
    const again = await open()
    expect(again.secrets).toEqual(first.secrets)
    expect(await readFile(path.join(root, 'kept'), 'utf8')).toBe('something')
  })

  it('starts over when it should', async () => {
    const first = await open()
    await mkdir(path.join(root, 'edges', 'edge-1'), { recursive: true })
    await first.release()
    const again = await open(root, true)
    expect((await readdir(root)).sort()).toEqual(['format', 'lock', 'secrets'])
    expect(again.secrets.secretAccessKey).not.toBe(first.secrets.secretAccessKey)
  })

  it('of another format is left alone, unless it may start over', async () => {
    await (await open()).release()
    await writeFile(path.join(root, 'format'), '0')
    await expect(open()).rejects.toMatchObject({
      code: 'MISCONFIGURED',
      message: 'the state directory has format 0, this version writes 1',
      where: root,
      hint: 'start over with --fresh',
    })
    await open(root, true)
  })

  it('that was being emptied when its process was killed is not used, and can be emptied', async () => {
    await (await open()).release()
    await writeFile(path.join(root, 'format'), 'being emptied')
    await writeFile(path.join(root, 'left'), '')
    await expect(open()).rejects.toMatchObject({ hint: 'start over with --fresh' })
    await open(root, true)
    expect((await readdir(root)).sort()).toEqual(['format', 'lock', 'secrets'])
  })

  it('whose secrets were cut off makes new ones', async () => {
    const { secrets, release } = await open()
    await release()
    await writeFile(path.join(secrets.directory, 's3-access-key-id'), '')
    expect((await open()).secrets.accessKeyId).toMatch(/^[0-9a-f]{20}$/)
  })

  it('that holds something else is never emptied', async () => {
    await mkdir(root)
    await writeFile(path.join(root, 'thesis.tex'), 'years of work')
    for (const fresh of [false, true])
      await expect(open(root, fresh)).rejects.toMatchObject({
        code: 'MISCONFIGURED',
        message: 'the state directory holds something else',
        hint: 'choose an empty directory with --state DIR',
      })
    expect(await readdir(root)).toEqual(['thesis.tex'])
  })

  it.each([
    ['a lock of another program', { lock: '' }],
    ['a lock that says something else', { lock: 'held by apt', 'lock.1': 'and more' }],
    ['a format that is none of ours', { format: 'A5, two columns', 'thesis.tex': 'years of work' }],
    ['a lock beside something else', { lock: `${process.pid} 1`, 'thesis.tex': 'years of work' }],
  ])('that holds %s is left as it is', async (_name, files) => {
    await mkdir(root)
    for (const [name, content] of Object.entries(files)) await writeFile(path.join(root, name), content)
    for (const fresh of [false, true])
      await expect(open(root, fresh)).rejects.toMatchObject({
        message: 'the state directory holds something else',
      })
    const left = await Promise.all(
      (await readdir(root)).map(async (name) => [name, await readFile(path.join(root, name), 'utf8')])
    )
    expect(Object.fromEntries(left)).toEqual(files)
  })

  it('whose first process was killed at once can be used', async () => {
    await mkdir(root)
    await writeFile(path.join(root, 'lock'), '4000000 1')
    await writeFile(path.join(root, 'lock.4000000.0123abcd'), '')
    await writeFile(path.join(root, 'lock.format'), '')
    await open()
  })

  it.each([
    [
      'below a file',
      async () => {
        await writeFile(root, '')
        return path.join(root, 'state')
      },
    ],
    [
      'that is a file',
      async () => {
        await writeFile(root, '')
        return root
      },
    ],
  ])('%s is an error that says what to do', async (_name, make) => {
    const directory = await make()
    await expect(open(directory)).rejects.toMatchObject({
      code: 'MISCONFIGURED',
      message: expect.stringMatching(/^cannot use the state directory: E/),
      where: directory,
      hint: 'choose a directory that can be written with --state DIR',
    })
  })

  it.runIf(process.platform === 'linux')(
    'where no directories can be made is an error, and soon',
    async () => {
      await expect(open('/proc/edgeloop/state')).rejects.toMatchObject({ code: 'MISCONFIGURED' })
    }
  )

  it('is made with all that is above it', async () => {
    await open(path.join(root, 'a', 'b'))
  })

  it.skipIf(process.getuid?.() === 0)(
    'that is read-only is an error, too (not for root, who may write)',
    async () => {
      await mkdir(root)
      await chmod(root, 0o500)
      await expect(open()).rejects.toMatchObject({ code: 'MISCONFIGURED' })
    }
  )
})

describe('its lock', () => {
  it('keeps a second one out, also in the same process, and says who holds it', async () => {
    const first = await open()
    await expect(open()).rejects.toMatchObject({
      code: 'CONFLICT',
      message: `Edgeloop is running already, as process ${process.pid}`,
      where: root,
      hint: expect.stringContaining(`kill ${process.pid}`),
    })
    await first.release()
    await open()
  })

  it('goes with the process that held it, however that ended', async () => {
    await (await open()).release()
    const gone = execa(process.execPath, ['-e', ''])
    await gone
    await writeFile(path.join(root, 'lock'), `${gone.pid} 1`)
    await open()
  })

  it.runIf(process.platform === 'linux')(
    'is not taken for held when its number is another process by now',
    async () => {
      await (await open()).release()
      // As in a container, where each start has the same few numbers.
      await writeFile(path.join(root, 'lock'), `${process.pid} 1`)
      await open()
    }
  )

  it('that was cut off when the disk was full holds nobody up', async () => {
    await (await open()).release()
    await writeFile(path.join(root, 'lock'), '')
    await open()
  })

  it('of a killed process goes to one of those that want it', async () => {
    await (await open()).release()
    for (let time = 0; time < 20; time++) {
      await writeFile(path.join(root, 'lock'), '4000000 1')
      // As one that was killed while it took that away.
      if (time % 2 === 1) await writeFile(path.join(root, 'lock.stale'), '4000001 1')
      const starters = await Promise.allSettled(Array.from({ length: 8 }, () => open()))
      const refused = starters.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []))
      expect(refused).toEqual(Array(7).fill('CONFLICT'))
      await Promise.all(opened.splice(0).map((state) => state.release()))
    }
    expect((await readdir(root)).sort()).toEqual(['format', 'secrets'])
  })
})
