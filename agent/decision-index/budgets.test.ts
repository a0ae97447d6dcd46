import { afterEach, beforeEach, expect, it } from 'vitest'
import { type Database, openDatabase } from '../../lib/database/index.ts'
import { hashOf, temporaryDirectory } from '../../test/support/index.ts'
import { createBudgets } from './budgets.ts'
import { createDecisionIndex } from './index.ts'
import { openTables } from './records.ts'

const HOUR = 60 * 60 * 1000
const DAY = 24 * HOUR
const NOON = Date.parse('2026-07-31T12:00:00Z')

let temporary: Awaited<ReturnType<typeof temporaryDirectory>>
let database: Database
let now: number
let running: number

beforeEach(async () => {
  temporary = await temporaryDirectory('budgets')
  database = await openDatabase(temporary.directory)
  now = NOON
  running = 0
})
afterEach(async () => {
  await database.close()
  await temporary.remove()
})

const open = () =>
  createBudgets(
    openTables(database).budgets,
    () => now,
    () => running
  )
const spend = (budgets: ReturnType<typeof open>, bytesUploaded: number) =>
  database.transaction(() => budgets.spendSync({ bytesUploaded }))

it('count what went up and what people were asked, once each', async () => {
  const index = createDecisionIndex(database, { clock: () => now })
  const [first, second] = [hashOf(1), hashOf(2)]
  const decision = { perceptualHash: null, features: null, reason: '', modelVersion: 1, audit: false }
  for (let time = 0; time < 2; time++) {
    await index.record({ ...decision, photo: first, outcome: 'review' })
    await index.record({ ...decision, photo: second, outcome: 'accepted' })
    await index.uploaded(first, 1000)
    await index.uploaded(second, 30)
  }
  expect(index.budgets()).toEqual({ day: '2026-07-31', bytesUploaded: 1030, labelsAsked: 1 })
  now += DAY
  expect(index.budgets()).toEqual({ day: '2026-08-01', bytesUploaded: 0, labelsAsked: 0 })
})

it('count what waits for a line, as far as it is known, and what went up in its place', async () => {
  const index = createDecisionIndex(database, { clock: () => now })
  const [first, second] = [hashOf(1), hashOf(2)]
  const decision = { perceptualHash: null, features: null, reason: '', modelVersion: 1, audit: false }
  await index.record({ ...decision, photo: first, outcome: 'review', bytesBooked: 900 })
  await index.record({ ...decision, photo: second, outcome: 'accepted', bytesBooked: 100 })
  expect(index.budgets().bytesUploaded).toBe(1000)
  await index.uploaded(first, 1000)
  expect(index.budgets().bytesUploaded).toBe(1100)
  now += DAY
  await index.uploaded(second, 30)
  expect(index.budgets()).toMatchObject({ day: '2026-08-01', bytesUploaded: 0 })
})

it('are neither reset nor doubled by a clock that goes back, nor by a restart', async () => {
  await spend(open(), 10)
  for (const back of [HOUR, DAY, 20_000 * DAY]) {
    now = NOON - back
    const again = open()
    expect(again.get()).toMatchObject({ day: '2026-07-31', bytesUploaded: 10 })
  }
  await spend(open(), 5)
  now = NOON + HOUR
  expect(open().get()).toMatchObject({ day: '2026-07-31', bytesUploaded: 15 })
})

it('begin anew a day after a clock that was far ahead is right again', async () => {
  const budgets = open()
  now = NOON + 1000 * DAY
  await spend(budgets, 10)
  now = NOON
  expect(budgets.get().bytesUploaded).toBe(10)
  running = DAY - 1
  now = NOON + DAY
  expect(budgets.get().bytesUploaded).toBe(10)
  running = DAY
  expect(budgets.get()).toMatchObject({ day: '2026-08-01', bytesUploaded: 0 })
  await spend(budgets, 7)
  expect(open().get()).toMatchObject({ day: '2026-08-01', bytesUploaded: 7 })
})
