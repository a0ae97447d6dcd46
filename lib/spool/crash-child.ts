/**
 * What spool.crash.test.ts kills: enqueues, acknowledges with a follower and buries, and says on stdout what it is
 * about to do and, once a promise resolved, what it did.
 * @module
 */
import { writeSync } from 'node:fs'
import { z } from 'zod'
import { openDatabase } from '../database/index.ts'
import { createSpool } from './index.ts'

const [directory, round] = process.argv.slice(2) as [string, string]
// Synchronous, so that a line that was said has left this process.
const say = (what: string, key: string) => writeSync(1, `${what} ${key}\n`)

const database = await openDatabase(directory)
const spool = createSpool(database, 'crash', z.string())
say('ready', round)

async function enqueue(lane: number) {
  for (let i = 0; ; i++) {
    const key = `${round}-${lane}-${i}`
    say('enqueue', key)
    await spool.enqueue({ queue: 'first', key, payload: key })
    say('enqueued', key)
  }
}

async function work() {
  for (;;) {
    const taken = spool.take('first', 7)
    await Promise.all(
      taken.map(async ({ id, payload, sequence }) => {
        if (sequence % 5 === 0) return spool.retry(id, { delayMs: 3, error: 'later' })
        if (sequence % 17 === 0) {
          await spool.bury(id, { error: 'never' })
          return say('buried', payload)
        }
        say('ack', payload)
        await database.transaction(() => {
          spool.ackSync(id)
          spool.enqueueSync({ queue: 'second', key: payload, payload })
        })
        say('acked', payload)
      })
    )
    await new Promise(setImmediate)
  }
}

await Promise.all([...Array.from({ length: 8 }, (_, lane) => enqueue(lane)), work()])
