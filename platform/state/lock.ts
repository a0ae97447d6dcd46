import { randomBytes } from 'node:crypto'
import { link, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { EdgeloopError } from '../../lib/errors/index.ts'

const LOCK = 'lock'
/** Whose holder takes away the lock of a process that was killed. */
const STALE = `${LOCK}.stale`
/** How often is looked whether somebody else has taken a stale lock away, in milliseconds. */
const LOOK_MS = 20

/** What a lock says: a process, and when that was started. */
const CONTENT = /^\d+ (\d+|-)$/
const NAME = /^lock(\.stale)*(?<draft>\.\d+\.[0-9a-f]{8})?$/

/**
 * Takes the lock of a state directory for this process.
 * @returns how to let it go
 * @throws EdgeloopError CONFLICT when a living process has it
 */
export async function takeLock(root: string): Promise<() => Promise<void>> {
  for (;;) {
    const release = await tryLock(root, LOCK)
    if (release) return release
    const holder = await holderOf(root)
    if (holder !== undefined)
      throw new EdgeloopError('CONFLICT', `Edgeloop is running already, as process ${holder}`, {
        where: root,
        hint: `stop it (kill ${holder}), or give this one a directory of its own with --state DIR`,
      })
    await removeStale(root, LOCK, STALE)
  }
}

/** The living process that has a state directory. */
export function holderOf(root: string): Promise<number | undefined> {
  return livingHolder(path.join(root, LOCK))
}

/** Whether a file of a state directory belongs to its lock; one of that name which says something else does not. */
export async function isOfLock(root: string, name: string): Promise<boolean> {
  const named = NAME.exec(name)
  if (!named) return false
  // Undefined where it was let go of at this moment.
  const content = await readFile(path.join(root, name), 'utf8').catch(() => undefined)
  return (
    content === undefined || CONTENT.test(content) || (content === '' && named.groups?.draft !== undefined)
  )
}

/**
 * Its process was killed: nobody else will remove it. Of several that see that, one may remove it, and looks again
 * first: another one may have done so before, and somebody else may hold it by now.
 */
async function removeStale(root: string, name: string, guard: string): Promise<void> {
  const release = await tryLock(root, guard)
  if (release) {
    try {
      await removeDead(path.join(root, name))
    } finally {
      await release()
    }
  } else if ((await livingHolder(path.join(root, guard))) === undefined) {
    await removeStale(root, guard, `${guard}.stale`)
  } else {
    await sleep(LOOK_MS)
  }
}

/** Where there is no lock any more nothing is removed: somebody may take it at this moment. */
async function removeDead(file: string): Promise<void> {
  const content = await readFile(file, 'utf8').catch(() => undefined)
  if (content !== undefined && (await livingProcess(content)) === undefined) await rm(file, { force: true })
}

/** The lock appears with its content: an empty one would look as if its process had been killed. */
async function tryLock(root: string, name: string): Promise<(() => Promise<void>) | undefined> {
  const file = path.join(root, name)
  const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`
  try {
    await writeFile(draft, `${process.pid} ${await startOf(process.pid)}`)
    await link(draft, file)
    return () => rm(file, { force: true })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return undefined
  } finally {
    await rm(draft, { force: true })
  }
}

async function livingHolder(file: string): Promise<number | undefined> {
  return livingProcess(await readFile(file, 'utf8').catch(() => ''))
}

/** The process that wrote this, if it lives; after a restart of the machine its number is soon another one's. */
async function livingProcess(content: string): Promise<number | undefined> {
  const [number, start] = content.split(' ')
  const pid = Number(number)
  if (!Number.isInteger(pid) || pid <= 0 || !isAlive(pid)) return undefined
  return start === (await startOf(pid)) ? pid : undefined
}

/** When a process was started, in the system's own count; `-` where the system does not say. */
async function startOf(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  // Field 22 of proc_pid_stat(5), counted from behind the name, which may hold anything.
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '-'
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
