import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat, statfs, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { EdgeloopError } from '../../lib/errors/index.ts'
import { isOfLock, takeLock } from './lock.ts'

/** What this version writes; a directory of another format is left alone. */
const FORMAT = '1'
/** What stands there while it is being emptied: whatever is left then is not to be used. */
const EMPTYING = 'being emptied'
const FORMAT_FILE = 'format'
const FORMAT_DRAFT = 'lock.format'

/** The one directory that holds everything that survives. */
export interface StateDirectory {
  path: string
  secrets: { directory: string; accessKeyId: string; secretAccessKey: string }
  /** Lets another process have the directory. */
  release(): Promise<void>
}

/**
 * Opens the state directory for this process alone.
 *
 * @param fresh starts over: removes what is there
 * @throws EdgeloopError CONFLICT when another process has it, MISCONFIGURED when it cannot be written or is not ours
 */
export async function openStateDirectory(directory: string, fresh: boolean): Promise<StateDirectory> {
  const root = path.resolve(directory)
  try {
    await makeDirectory(root)
    await checkSpace(root)
    // Before anything is touched; and what another process is about to make of it is known only with the lock.
    await checkOwnership(root)
    const release = await takeLock(root)
    try {
      const found = await checkFormat(root, fresh)
      if (fresh) await empty(root)
      if (fresh || found !== FORMAT) await writeFormat(root, FORMAT)
      return { path: root, secrets: await readSecrets(root), release }
    } catch (error) {
      await release()
      throw error
    }
  } catch (cause) {
    if (cause instanceof EdgeloopError) throw cause
    throw new EdgeloopError('MISCONFIGURED', `cannot use the state directory: ${(cause as Error).message}`, {
      where: root,
      hint: 'choose a directory that can be written with --state DIR',
      cause,
    })
  }
}

/** Not Node's recursive one, which tries for ever below a directory that takes none, such as /proc. */
async function makeDirectory(directory: string): Promise<void> {
  const make = () =>
    mkdir(directory).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
  const parent = path.dirname(directory)
  await make().catch(async (error: NodeJS.ErrnoException) => {
    const orphan = error.code === 'ENOENT' && !(await stat(parent).catch(() => undefined))
    if (!orphan) throw error
    await makeDirectory(parent)
    await make()
  })
}

/** What this program has written there: the number of a format, or that it is being emptied. */
async function readFormat(root: string, file = FORMAT_FILE): Promise<string | undefined> {
  const found = await readFile(path.join(root, file), 'utf8').catch(() => undefined)
  // The draft of a process that was killed may be empty.
  if (found === '' && file === FORMAT_DRAFT) return found
  return found !== undefined && (/^\d+$/.test(found) || found === EMPTYING) ? found : undefined
}

/** A directory is ours when it says so, and when it is empty. */
async function checkOwnership(root: string): Promise<void> {
  const names = await entries(root)
  if (names.length === 0 || (await readFormat(root)) !== undefined) return
  throw new EdgeloopError('MISCONFIGURED', 'the state directory holds something else', {
    where: root,
    hint: 'choose an empty directory with --state DIR',
  })
}

/** @returns what was found; undefined in an empty directory */
async function checkFormat(root: string, fresh: boolean): Promise<string | undefined> {
  await checkOwnership(root)
  const found = await readFormat(root)
  if (found === undefined || found === FORMAT || fresh) return found
  throw new EdgeloopError(
    'MISCONFIGURED',
    `the state directory has format ${found}, this version writes ${FORMAT}`,
    { where: root, hint: 'start over with --fresh' }
  )
}

async function writeFormat(root: string, format: string): Promise<void> {
  const draft = path.join(root, FORMAT_DRAFT)
  await writeFile(draft, format, { flush: true })
  await rename(draft, path.join(root, FORMAT_FILE))
}

/** A process that is killed on the way leaves a directory that says so. */
async function empty(root: string): Promise<void> {
  await writeFormat(root, EMPTYING)
  for (const entry of await entries(root))
    if (entry !== FORMAT_FILE) await rm(path.join(root, entry), { recursive: true, force: true })
}

/** What is there, but for its lock and what a killed process wanted to say about the format. */
async function entries(root: string): Promise<string[]> {
  const names = await readdir(root)
  const own = await Promise.all(
    names.map(async (name) =>
      name === FORMAT_DRAFT ? (await readFormat(root, name)) !== undefined : isOfLock(root, name)
    )
  )
  return names.filter((_name, i) => !own[i])
}

/** Credentials of the local S3, which functions read. */
async function readSecrets(root: string): Promise<StateDirectory['secrets']> {
  const directory = await secretDirectory(root, 'secrets')
  return {
    directory,
    accessKeyId: await secret(directory, 's3-access-key-id', 10),
    secretAccessKey: await secret(directory, 's3-secret-access-key', 20),
  }
}

/**
 * Makes what the gateway asks of people (Basic) and of edges (a token), once. No function reads it.
 * @returns the directory with the files `basic-auth-user`, `basic-auth-password` and `edge-token`
 */
export async function openCredentials(root: string): Promise<string> {
  const directory = await secretDirectory(root, 'credentials')
  await secret(directory, 'basic-auth-user', 'admin')
  await secret(directory, 'basic-auth-password', 20)
  await secret(directory, 'edge-token', 20)
  return directory
}

/** Nobody but this user looks into it. */
async function secretDirectory(root: string, name: string): Promise<string> {
  const directory = path.join(root, name)
  await mkdir(directory, { recursive: true, mode: 0o700 })
  return directory
}

/** @param initial what it is when there is none yet, or how many random bytes it is made of */
async function secret(directory: string, name: string, initial: string | number): Promise<string> {
  const file = path.join(directory, name)
  const kept = await readFile(file, 'utf8').catch(() => '')
  if (kept !== '') return kept
  const made = typeof initial === 'string' ? initial : randomBytes(initial).toString('hex')
  await writeFile(`${file}.part`, made, { mode: 0o600, flush: true })
  await rename(`${file}.part`, file)
  return made
}

/** A model, its backbone in the bucket and at two edges, and a day of photos fit into this, in bytes. */
const LEAST_SPACE = 100 * 2 ** 20

async function checkSpace(root: string): Promise<void> {
  const { bavail, bsize } = await statfs(root)
  if (bavail * bsize >= LEAST_SPACE) return
  throw new EdgeloopError(
    'MISCONFIGURED',
    `the disk is full: ${Math.floor((bavail * bsize) / 2 ** 20)} MiB are left`,
    {
      where: root,
      hint: `free ${LEAST_SPACE / 2 ** 20} MiB there, or choose another disk with --state DIR`,
    }
  )
}
