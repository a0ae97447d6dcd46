import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { lstat, readdir, readlink, realpath } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { type Pack, pack } from 'tar-stream'

/** A layer of an image: a tar file, known by the hash of its bytes. */
export interface Layer {
  file: string
  /** SHA-256, hexadecimal. */
  digest: string
}

/** What goes into a layer: a path in the image to a file or folder here, folders with all that they hold. */
export type LayerContent = Readonly<Record<string, string>>

/** Packs a layer. The same content gives the same bytes: owners are root, times are zero, entries are sorted. */
export async function packLayer(file: string, content: LayerContent): Promise<Layer> {
  const entries = new Map<string, string>()
  for (const [target, source] of Object.entries(content))
    await collect(entries, target.replace(/^\/+/, ''), source)
  const tar = pack()
  const writing = pipeline(tar, createWriteStream(file))
  for (const folder of parentsOf(entries.keys()))
    if (!entries.has(folder)) tar.entry({ ...CLEAN, name: folder, type: 'directory', mode: 0o755 })
  tar.entry({ ...CLEAN, name: 'tmp', type: 'directory', mode: 0o1777 })
  for (const name of [...entries.keys()].sort()) await add(tar, name, entries.get(name)!)
  tar.finalize()
  await writing
  return { file, digest: await sha256(file) }
}

/** A program with its shared libraries. */
export async function programContent(program: string): Promise<LayerContent> {
  return { [program]: program, ...(await libraryContent(program)) }
}

/** The shared libraries of this machine that a program or native addon names, by `ldd`; not what it loads by itself. */
export async function libraryContent(binary: string): Promise<LayerContent> {
  const { stdout } = await promisify(execFile)('ldd', [binary])
  const libraries = [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, library]) => library!)
  return Object.fromEntries(libraries.map((library) => [library, library]))
}

const CLEAN = { uid: 0, gid: 0, uname: '', gname: '', mtime: new Date(0) }

async function collect(entries: Map<string, string>, target: string, source: string): Promise<void> {
  const given = await realpath(source)
  entries.set(target, given)
  if (!(await lstat(given)).isDirectory()) return
  for (const name of await readdir(given, { recursive: true }))
    entries.set(path.join(target, name), path.join(given, name))
}

function parentsOf(names: Iterable<string>): string[] {
  const parents = new Set<string>()
  for (const name of names)
    for (let parent = path.dirname(name); parent !== '.'; parent = path.dirname(parent)) parents.add(parent)
  return [...parents].sort()
}

async function add(tar: Pack, name: string, source: string): Promise<void> {
  const info = await lstat(source)
  const mode = info.mode & 0o777
  if (info.isSymbolicLink()) tar.entry({ ...CLEAN, name, type: 'symlink', linkname: await readlink(source) })
  else if (info.isDirectory()) tar.entry({ ...CLEAN, name, type: 'directory', mode })
  else if (info.isFile())
    await pipeline(createReadStream(source), tar.entry({ ...CLEAN, name, size: info.size, mode }))
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file)) hash.update(chunk)
  return hash.digest('hex')
}
