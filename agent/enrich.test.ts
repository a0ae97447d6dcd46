import { afterEach, beforeEach, expect, it } from 'vitest'
import { type Database, openDatabase } from '../lib/database/index.ts'
import { classified, classifiedEvent, temporaryDirectory } from '../test/support/index.ts'
import { createDecisionIndex } from './decision-index/index.ts'
import { enrichEvent } from './enrich.ts'

let temporary: Awaited<ReturnType<typeof temporaryDirectory>>
let database: Database

beforeEach(async () => {
  temporary = await temporaryDirectory('enrich')
  database = await openDatabase(temporary.directory)
})
afterEach(async () => {
  await database.close()
  await temporary.remove()
})

it('what a function asks for travels with the event, and nothing else does', () => {
  const decisions = createDecisionIndex(database, { clock: () => Date.parse('2026-07-31T12:00:00Z') })
  const event = classifiedEvent(classified('a'))
  const dataFor = (...context: string[]) =>
    enrichEvent(event, new Set(context), { gateway: 'http://edge', decisions, uplink: 'review' }).data
  const budgets = { day: '2026-07-31', bytesUploaded: 0, labelsAsked: 0 }
  expect(dataFor('neighbours', 'budgets')).toMatchObject({ neighbours: [], budgets })
  expect(dataFor('budgets')).not.toHaveProperty('neighbours')
  expect(dataFor()).toEqual({
    ...event.data,
    photo: { ...event.data.photo, url: `http://edge/photos/${event.data.photo.hash}` },
  })
})
