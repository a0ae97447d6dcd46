/**
 * What poison.crash.test.ts starts again and again: handles what is queued, and is killed by one of the entries.
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { openDatabase } from '../database/index.ts'
import { createSpool, createWorker } from './index.ts'

const database = await openDatabase(process.argv[2]!)
const spool = createSpool(database, 'poison', z.string())
const worker = createWorker({
  spool,
  queue: 'q',
  concurrency: 4,
  handle: async ({ payload }) => {
    if (payload === 'poison') process.kill(process.pid, 'SIGKILL')
    // Still busy when that happens, unless it is alone.
    await sleep(100)
    return { done: true }
  },
})
while (spool.depth('q').queued > 0) await sleep(5)
await worker.close()
await database.close()
