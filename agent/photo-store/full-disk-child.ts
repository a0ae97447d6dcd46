/**
 * What full-disk.test.ts runs on a small disk of its own: fills it with photos, database included, makes room, goes on, and
 * says on stdout how that went.
 * @module
 */
import { rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openDatabase } from '../../lib/database/index.ts'
import { photoHash } from '../../lib/photo/index.ts'
import { createIntake } from '../intake/index.ts'
import { openKeptPhotos } from '../keep-photos.ts'

const [directory] = process.argv.slice(2) as [string]
const SIZE = 100_000
const DONE = 5
const bytesOf = (n: number) => Buffer.alloc(SIZE, `photo ${n};`)
const ballast = path.join(directory, 'ballast')

await writeFile(ballast, Buffer.alloc(2 ** 21))
const database = await openDatabase(path.join(directory, 'database'))
const kept = await openKeptPhotos(database, path.join(directory, 'photos'), {
  photoBytes: 1e9,
  // The disk itself is to refuse.
  minFreeBytes: 0,
})
const { photos, decisions, bound } = kept
const connector = { publishSync: () => 0 }
const intake = createIntake({ edge: 'edge-1', database, connector, ...kept })

async function take(n: number): Promise<string> {
  const hash = photoHash(bytesOf(n))
  try {
    await intake.receive('pi', bytesOf(n))
    if (n <= DONE) {
      const decision = { perceptualHash: null, features: null, reason: '', modelVersion: 1, audit: false }
      await decisions.record({ ...decision, photo: hash, outcome: 'rejected' })
    }
    return 'ok'
  } catch (error) {
    return String((error as { code?: unknown }).code)
  }
}
const whole = async (n: number) =>
  photos.get(photoHash(bytesOf(n)), { verify: true }).then(
    () => true,
    () => false
  )

const taken: number[] = []
const codes = new Set<string>()
// What is free is looked at now and then: some are refused although there is room again.
for (let n = 1, refusals = 0; refusals < 10 && n < 500; n++) {
  const result = await take(n)
  codes.add(result)
  if (result === 'ok') taken.push(n)
  refusals = result === 'ok' ? 0 : refusals + 1
  if (result !== 'ok') await sleep(50)
}
const { state } = bound.status()
const lost = []
for (const n of taken) if (n > DONE && !(await whole(n))) lost.push(n)
const done = []
for (let n = 1; n <= DONE; n++) if (await whole(n)) done.push(n)
await rm(ballast)
await sleep(300)
const afterwards = [await take(1000), bound.status().state]
await bound.settled()
await database.close()
const result = { taken: taken.length, codes: [...codes], state, lost, done, afterwards }
process.stdout.write(JSON.stringify(result))
