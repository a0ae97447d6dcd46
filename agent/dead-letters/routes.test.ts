import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Database, openDatabase } from '../../lib/database/index.ts'
import { createSpool, type Spool } from '../../lib/spool/index.ts'
import { capturedEvent, hashOf, temporaryDirectory } from '../../test/support/index.ts'
import { type Delivery, deliverySchema } from '../connector/index.ts'
import { createDecisionIndex, type DecisionIndex } from '../decision-index/index.ts'
import { recordDeadLetter } from '../record-decision.ts'
import { createDeadLetterRoutes } from './routes.ts'

let temporary: Awaited<ReturnType<typeof temporaryDirectory>>
let database: Database
let spool: Spool<Delivery>
let decisions: DecisionIndex
let app: ReturnType<typeof createDeadLetterRoutes>

beforeAll(async () => {
  temporary = await temporaryDirectory('dead-letters')
  database = await openDatabase(temporary.directory)
  spool = createSpool(database, 'events', deliverySchema)
  decisions = createDecisionIndex(database)
  app = createDeadLetterRoutes(spool, decisions.reviveSync)
})

afterAll(async () => {
  await database.close()
  await temporary.remove()
})

/** What a function refused: the photo has its outcome. */
async function bury(
  name: string,
  queue = 'classify',
  error = '422: not this one'
): Promise<{ id: string; photo: string }> {
  const photo = hashOf(name)
  const event = capturedEvent({ hash: photo, size: 10, mediaType: 'image/jpeg' })
  const { id } = await spool.enqueue({ queue, key: event.id, payload: event })
  await database.transaction(() => {
    decisions.capturedSync(photo, 10)
    spool.burySync(id!, { error })
    recordDeadLetter(decisions, event, 'not this one')
  })
  return { id: id!, photo }
}

const ask = async (path: string, method = 'GET') => {
  const response = await app.request(`/dead-letters${path}`, { method })
  return { status: response.status, body: await response.json() }
}

it('are listed, a page at a time, and shown with their event', async () => {
  const letters = [await bury('a'), await bury('b'), await bury('c', 'filter-confidence')]
  const first = await ask('?limit=2')
  expect(first.body.deadLetters).toMatchObject([
    { id: letters[0]!.id, function: 'classify', type: 'photo.captured', photo: letters[0]!.photo },
    { id: letters[1]!.id, device: 'camera-1', attempts: 1, why: '422: not this one' },
  ])
  const second = await ask(`?limit=2&after=${first.body.next}`)
  expect(second.body).toMatchObject({ deadLetters: [{ id: letters[2]!.id }], next: null })
  expect((await ask('?function=filter-confidence')).body.deadLetters).toHaveLength(1)
  expect((await ask(`/${letters[0]!.id}`)).body).toMatchObject({
    id: letters[0]!.id,
    event: { type: 'photo.captured', data: { photo: { hash: letters[0]!.photo } } },
  })
})

it('that are replayed wait in their old place, and their photo has no outcome', async () => {
  const { id, photo } = await bury('replayed')
  const before = decisions.counters()
  expect(decisions.firstDecision(photo)?.outcome).toBe('dead')
  expect((await ask(`/${id}/replay`, 'POST')).status).toBe(202)
  expect(decisions.firstDecision(photo)).toBeUndefined()
  expect(decisions.counters()).toEqual({ ...before, deadLettered: before.deadLettered - 1 })
  expect(spool.list('classify')).toMatchObject([{ id, attempts: 0 }])
  expect(await ask(`/${id}/replay`, 'POST')).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } })
})

it('that are discarded are gone, and their photo stays dead', async () => {
  const { id, photo } = await bury('discarded')
  expect((await ask(`/${id}`, 'DELETE')).status).toBe(200)
  expect((await ask(`/${id}`)).status).toBe(404)
  expect((await ask(`/${id}`, 'DELETE')).status).toBe(404)
  expect(decisions.firstDecision(photo)?.outcome).toBe('dead')
})

it('say why in a sentence, whether the function answered with JSON or not', async () => {
  const whyOf = async (error: string) => (await ask(`/${(await bury(error, 'why', error)).id}`)).body.why
  expect(await whyOf('422: {"error":"it is gone","code":"UNPROCESSABLE"}')).toBe('422: it is gone')
  expect(await whyOf('400: {"error":')).toBe('400: {"error":')
  expect(await whyOf('400: plain text')).toBe('400: plain text')
})

it('names that are none are refused with what one looks like', async () => {
  expect(await ask('/classify/first')).toMatchObject({
    status: 400,
    body: { hint: 'An id looks like classify/42.' },
  })
  expect(await ask('?limit=many')).toMatchObject({ status: 400, body: { where: 'limit' } })
})
