import { mkdir } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { open } from 'lmdb'
import type { z } from 'zod'
import { EdgeloopError } from '../errors/index.ts'
import { createSpaceCheck } from './disk-space.ts'
import { syncDirectory } from './files.ts'
import { openTable, type Table } from './table.ts'

/** One LMDB environment. Its tables commit together, so that one step is on disk as a whole or not at all. */
export interface Database {
  readonly directory: string
  /** Opens (and creates) a table. Open all of them at start: opening one waits for the disk. */
  table<V>(name: string, schema: z.ZodType<V>): Table<V>
  /**
   * Runs `work` (synchronous, soon, and once) inside a transaction and resolves with its result when everything it wrote
   * is on disk. Transactions of the same moment share one fsync. If `work` throws, nothing it wrote is kept, the
   * others of the moment are, and the promise rejects with what was thrown. `UNAVAILABLE` when the disk refuses.
   */
  transaction<T>(work: () => T): Promise<T>
  /** Throws unless called inside a transaction: the guard of every `…Sync` method. */
  assertInTransaction(): void
  /** Inside a transaction: `hook` runs once this transaction is on disk; for views in memory. It must not throw. */
  afterCommit(hook: () => void): void
  /** Waits for what was begun, then closes. */
  close(): Promise<void>
}

const MAX_TABLES = 64

/** Opens (and creates) the database in a directory. Only one process may use it at a time. */
export async function openDatabase(directory: string): Promise<Database> {
  const path = resolve(directory)
  await mkdir(path, { recursive: true })
  const root = open({
    path,
    // A commit resolves, and becomes visible, only after its fsync.
    overlappingSync: false,
    // Otherwise lmdb adds an operation of its own to each turn's batch, and when the disk refuses the commit, that one's
    // rejection reaches nobody and ends the process. Transactions of a moment share a commit either way.
    eventTurnBatching: false,
    maxDbs: MAX_TABLES,
    noSubdir: false,
  })
  await syncDirectory(path)
  await syncDirectory(dirname(path))

  let hooks: (() => void)[] | undefined
  let pending = 0
  let closed: Promise<void> | undefined
  const checkSpace = createSpaceCheck(path)

  function assertInTransaction() {
    if (hooks) return
    throw new EdgeloopError('INTERNAL', 'a synchronous write was called outside of a transaction', {
      hint: 'Wrap it in database.transaction(() => …).',
    })
  }

  async function transaction<T>(work: () => T): Promise<T> {
    if (closed) throw new EdgeloopError('UNAVAILABLE', 'the database is closed', { where: path })
    if (hooks) throw new EdgeloopError('INTERNAL', 'a transaction cannot be begun inside another one')
    checkSpace()
    const own: (() => void)[] = []
    let failure: { thrown: unknown } | undefined
    pending++
    try {
      // A child transaction, because LMDB's plain one keeps what was written before `work` threw.
      const result = await root.childTransaction(() => {
        hooks = own
        try {
          const value = work()
          if (value instanceof Promise) {
            value.catch(() => {})
            throw new EdgeloopError('INTERNAL', 'the work of a transaction must be synchronous')
          }
          return value
        } catch (thrown) {
          failure = { thrown }
          throw thrown
        } finally {
          hooks = undefined
        }
      })
      for (const hook of own) hook()
      return result
    } catch (thrown) {
      if (failure) throw failure.thrown
      const cause = await (thrown as { commitError?: Promise<never> }).commitError?.catch((error) => error)
      throw new EdgeloopError('UNAVAILABLE', 'the disk did not take a commit', {
        where: path,
        hint: 'Look for a full or failing disk.',
        cause: cause ?? thrown,
      })
    } finally {
      pending--
    }
  }

  return {
    directory: path,
    table: (name, schema) => openTable(root, name, schema, assertInTransaction),
    transaction,
    assertInTransaction,
    afterCommit(hook) {
      assertInTransaction()
      hooks!.push(hook)
    },
    close() {
      closed ??= (async () => {
        while (pending > 0) await new Promise(setImmediate)
        await root.close()
      })()
      return closed
    },
  }
}
