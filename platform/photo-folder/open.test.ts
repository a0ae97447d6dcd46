import { createHash } from 'node:crypto'
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openPhotoFolder } from './open.ts'

const JPEG = Buffer.from([0xff, 0xd8, 0xff, 0xe0])
const PNG = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')
const WEBP = Buffer.from('RIFF\0\0\0\0WEBPVP8 ', 'latin1')

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'photo-folder-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

async function put(name: string, kind = JPEG, content = name): Promise<Buffer> {
  const bytes = Buffer.concat([kind, Buffer.from(content)])
  await mkdir(dirname(join(dir, name)), { recursive: true })
  await writeFile(join(dir, name), bytes)
  return bytes
}

describe('openPhotoFolder', () => {
  it('lists photos with label, name and hash, sorted by code point', async () => {
    const zebra = await put('dog/Zebra.JPG')
    await put('dog/apple.jpeg')
    await put('cat/b.webp', WEBP)
    await put('cat/a.png', PNG)
    const photos = await openPhotoFolder(dir)
    expect(photos.map(({ label, name }) => `${label}/${name}`)).toEqual([
      'cat/a.png',
      'cat/b.webp',
      'dog/Zebra.JPG',
      'dog/apple.jpeg',
    ])
    expect(photos[2]).toEqual({
      path: join(dir, 'dog', 'Zebra.JPG'),
      label: 'dog',
      name: 'Zebra.JPG',
      hash: createHash('sha256').update(zebra).digest('hex'),
    })
  })

  it('passes over hidden files, other kinds of files, files beside the folders and empty folders', async () => {
    for (const name of [
      'cat/a.jpg',
      'dog/a.jpg',
      'README.md',
      'cat/notes.txt',
      'cat/._a.jpg',
      '.git/x.jpg',
      'cat/deep/x.jpg',
    ])
      await put(name)
    await mkdir(join(dir, 'empty'))
    expect((await openPhotoFolder(dir)).map((photo) => photo.label)).toEqual(['cat', 'dog'])
  })

  it('tells of files that are named like photos and are none', async () => {
    for (const name of ['cat/a.jpg', 'dog/a.jpg']) await put(name)
    await writeFile(join(dir, 'cat/empty.jpg'), '')
    await writeFile(join(dir, 'cat/page.jpg'), '<html>')
    const skipped: string[] = []
    const photos = await openPhotoFolder(dir, {
      onSkip: (path, why) => skipped.push(`${path.slice(dir.length)}: ${why}`),
    })
    expect(photos).toHaveLength(2)
    expect(skipped.sort()).toEqual([
      '/cat/empty.jpg: it is empty',
      '/cat/page.jpg: this is not a JPEG, PNG or WebP photo',
    ])
  })

  it('reports progress up to the last photo', async () => {
    for (const name of ['cat/a.jpg', 'cat/b.jpg', 'dog/a.jpg']) await put(name)
    const seen: [number, number][] = []
    await openPhotoFolder(dir, { onProgress: (done, total) => seen.push([done, total]) })
    expect(seen.at(-1)).toEqual([3, 3])
  })

  it.each([
    ['nothing there', [], 'missing', 'NOT_FOUND', 'no photos at this path'],
    ['a file', ['x.jpg'], 'x.jpg', 'INVALID_INPUT', 'not a directory'],
    ['an empty directory', [], '', 'INVALID_INPUT', 'no folder with photos'],
    ['one label', ['cat/a.jpg'], '', 'INVALID_INPUT', 'only one folder, cat'],
  ])('refuses %s, and says what to do', async (_, files, open, code, message) => {
    for (const file of files) await put(file)
    await expect(openPhotoFolder(join(dir, open))).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
      hint: expect.stringMatching(/\w+.*\.$/),
      where: expect.stringContaining(dir),
    })
  })

  it('refuses a photo under two labels, whose answer would be a riddle', async () => {
    await put('cat/a.jpg', JPEG, 'same')
    await put('dog/b.jpg', JPEG, 'same')
    await expect(openPhotoFolder(dir)).rejects.toMatchObject({
      message: 'the same photo lies under two labels, cat and dog',
      where: `${join(dir, 'cat/a.jpg')}, ${join(dir, 'dog/b.jpg')}`,
    })
  })

  it('refuses a link to nowhere', async () => {
    await put('cat/a.jpg')
    await symlink('gone', join(dir, 'dog'))
    await expect(openPhotoFolder(dir)).rejects.toMatchObject({ code: 'NOT_FOUND', where: join(dir, 'dog') })
  })

  it('leaves out photos that are links to nothing, and says which', async () => {
    await put('cat/a.jpg')
    await put('dog/a.jpg')
    await symlink(join(dir, 'gone.jpg'), join(dir, 'dog/b.jpg'))
    await symlink(join(dir, 'gone'), join(dir, 'dog/notes'))
    const skipped: string[] = []
    const photos = await openPhotoFolder(dir, { onSkip: (path) => skipped.push(path) })
    expect(photos.map(({ label }) => label)).toEqual(['cat', 'dog'])
    expect(skipped).toEqual([join(dir, 'dog/b.jpg')])
  })

  it('stops when it is told to', async () => {
    await put('cat/a.jpg')
    await put('dog/a.jpg')
    const signal = AbortSignal.abort(new Error('stopped'))
    await expect(openPhotoFolder(dir, { signal })).rejects.toThrow('stopped')
  })

  // To root nothing is unreadable.
  it.skipIf(process.getuid?.() === 0)('refuses what it may not read', async () => {
    await put('cat/a.jpg')
    await put('dog/a.jpg')
    await chmod(join(dir, 'dog/a.jpg'), 0)
    await expect(openPhotoFolder(dir)).rejects.toMatchObject({ message: expect.stringContaining('EACCES') })
  })
})
