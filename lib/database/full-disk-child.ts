/**
 * What full-disk.test.ts runs where files cannot grow beyond a limit: fills the database until the disk refuses, makes
 * room, goes on, and says on stdout how that went.
 * @module
 */
import { z } from 'zod'
import type { EdgeloopError } from '../errors/index.ts'
import { openDatabase } from './index.ts'

// By default this signal, which announces the limit, ends the process before the write can fail.
process.on('SIGXFSZ', () => {})

const database = await openDatabase(process.argv[2]!)
const table = database.table('test', z.string())
const put = (key: number) => database.transaction(() => table.putSync(key, 'x'.repeat(2000)))
const codes = (results: PromiseSettledResult<unknown>[]) =>
  results.map((result) => (result.status === 'rejected' ? (result.reason as EdgeloopError).code : 'ok'))

let written = 0
let refused: string[] = []
while (refused.length === 0 && written < 10_000) {
  refused = codes(await Promise.allSettled([put(written)])).filter((code) => code !== 'ok')
  written++
}
const more = codes(await Promise.allSettled([put(20_000), put(20_001), put(20_002)]))
const kept = [...table.keys()].length
for (let key = 0; key < 50; key++) await database.transaction(() => table.removeSync(key))
const afterwards = codes(await Promise.allSettled([put(30_000)]))
await database.close()
process.stdout.write(JSON.stringify({ written: written - 1, kept, refused, more, afterwards }))
