import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createDecisionIndex, createLabelBook, enrichEvent, recordDecision } from '../../agent/index.ts'
import { openDatabase } from '../../lib/database/index.ts'
import { createEvent, type EventData, type Sample } from '../../lib/events/index.ts'
import { decide } from './model.ts'

/** What `stack.yml` asks the agent for. */
const CONTEXT = new Set(['neighbours', 'budgets', 'accepted'])
const TYPES = { accept: 'sample.accepted', review: 'sample.review', reject: 'sample.rejected' } as const

/** An edge's decision index, with what the agent does around `filter-confidence`. */
export async function openEdge() {
  const directory = await mkdtemp(path.join(tmpdir(), 'edgeloop-bench-'))
  const database = await openDatabase(directory)
  const decisions = createDecisionIndex(database)
  const book = createLabelBook(database)
  const options = { gateway: 'http://127.0.0.1:8080', decisions, uplink: 'review' as const }
  /** With what the agent knows about other photos and what was spent. */
  function enriched(data: EventData<'photo.classified'>) {
    const event = createEvent('photo.classified', 'bench', [data.photo.hash], data)
    return enrichEvent(event, CONTEXT, options).data as EventData<'photo.classified'>
  }
  return {
    enriched,
    /** The decision about a photo, which is not written down. */
    decide: (data: EventData<'photo.classified'>): Promise<Sample> => decide(enriched(data)),
    async record(sample: Sample): Promise<void> {
      const event = createEvent(TYPES[sample.band], 'bench', [sample.photo.hash], sample)
      await database.transaction(() => recordDecision({ decisions, book, uplink: options.uplink }, event))
    },
    async close() {
      await database.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

export type Edge = Awaited<ReturnType<typeof openEdge>>
