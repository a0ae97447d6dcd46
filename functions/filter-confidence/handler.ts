/**
 * `photo.classified` → `sample.accepted | sample.review | sample.rejected`, always with a reason.
 * @module
 */
import { createEvent, eventResponse, readEvent } from '../../lib/events/index.ts'
import { createFunctionApp } from '../../lib/function/index.ts'
import { decide } from './decide.ts'

const TYPES = { accept: 'sample.accepted', review: 'sample.review', reject: 'sample.rejected' } as const

const app = createFunctionApp()

app.post('/', async (c) => {
  const { data } = await readEvent(c.req.raw, ['photo.classified'])
  const { neighbours: _neighbours, budgets: _budgets, accepted: _accepted, ...seen } = data
  const { thresholds: _thresholds, unreadable: _unreadable, ...classified } = seen
  const decision = decide(data)
  const identity = [data.photo.hash, data.prediction?.model.version ?? 0]
  const source = `edges/${data.edge}/filter-confidence`
  return eventResponse(createEvent(TYPES[decision.band], source, identity, { ...classified, ...decision }))
})

export default app
