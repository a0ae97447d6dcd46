import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { type Database, openDatabase } from '../database/index.ts'
import { createSpool, type Spool } from './index.ts'

const DAY = 24 * 60 * 60 * 1000
const QUEUES = ['a', 'b']
type Why = { delayMs: number; error: string }

interface ModelEntry {
  queue: string
  key?: string
  attempts: number
  notBefore: number
  crashes: number
  priority: number
  rank: number
  lane?: string
  dead: boolean
  inFlight: boolean
  begun: boolean
}

/** What a spool is, in as few words as possible. Sequences are the keys, in order. */
class Model {
  entries = new Map<number, ModelEntry>()
  done = new Set<string>()
  parked = new Set<string>()
  /** Of each queue, the greatest rank that was taken; of each lane, the last one given out. */
  passed = new Map<string, number>()
  ranks = new Map<string, number>()
  last = 0
  now = 10 * DAY
  of = (queue: string) => [...this.entries].filter(([, entry]) => entry.queue === queue)
  inOrder = (queue: string) =>
    this.of(queue).sort(
      ([a, one], [b, other]) => one.priority - other.priority || one.rank - other.rank || a - b
    )
  /** What is due, one of each lane where order is kept: behind what is in flight or delayed, a lane waits. */
  takeable = (queue: string, ordered: boolean) => {
    const queued = this.inOrder(queue).filter(([, { dead }]) => !dead)
    const held = new Set(
      queued.flatMap(([, entry]) => (entry.inFlight || !this.isDue(entry) ? [entry.lane ?? ''] : []))
    )
    return queued.filter(([, entry]) => {
      const lane = entry.lane ?? ''
      if (entry.inFlight || !this.isDue(entry) || (ordered && held.has(lane))) return false
      held.add(lane)
      return true
    })
  }
  /** After a restart it is the rank of what stands in front. */
  passedOf = (queue: string) => {
    const fresh = this.inOrder(queue).find(([, { dead, notBefore }]) => !dead && notBefore === 0)
    return this.passed.get(queue) ?? fresh?.[1].rank ?? 0
  }
  rank = (queue: string, lane?: string) => {
    if (lane === undefined) return 0
    const place = `${queue} ${lane}`
    const rank = Math.max((this.ranks.get(place) ?? 0) + 1, this.passedOf(queue))
    this.ranks.set(place, rank)
    return rank
  }
  /** A lane is forgotten with its last entry: call it when that is no longer queued. */
  left = ({ queue, lane }: ModelEntry) => {
    const isEmpty = this.of(queue).every(([, other]) => other.dead || other.lane !== lane)
    if (isEmpty) this.ranks.delete(`${queue} ${lane}`)
  }
  back = ({ queue, lane, rank }: ModelEntry) => {
    const place = `${queue} ${lane}`
    if (lane !== undefined) this.ranks.set(place, Math.max(this.ranks.get(place) ?? 0, rank))
  }
  isDue = ({ notBefore }: ModelEntry) => notBefore <= this.now || notBefore > this.now + DAY
  pick = (choice: number, wanted: (entry: ModelEntry) => boolean) => {
    const fitting = [...this.entries].filter(([, entry]) => wanted(entry))
    const picked = fitting[choice % Math.max(fitting.length, 1)]
    return picked && { id: `${picked[1].queue}/${picked[0]}`, sequence: picked[0], entry: picked[1] }
  }
}

class Real {
  spool!: Spool<number>
  database!: Database
  readonly directory: string
  readonly model: Model
  constructor(directory: string, model: Model) {
    this.directory = directory
    this.model = model
  }
  async open() {
    this.database = await openDatabase(this.directory)
    this.spool = createSpool(this.database, 'model', z.number(), { clock: () => this.model.now })
  }
}

type Step = (model: Model, real: Real) => Promise<void>

class Command implements fc.AsyncCommand<Model, Real> {
  readonly name: string
  readonly step: Step
  constructor(name: string, step: Step) {
    this.name = name
    this.step = step
  }
  check = () => true
  toString = () => this.name
  async run(model: Model, real: Real) {
    await this.step(model, real)
    for (const queue of QUEUES) {
      const all = model.of(queue).map(([, entry]) => entry)
      const waiting = all.filter(({ dead, inFlight }) => !dead && !inFlight)
      expect(real.spool.depth(queue)).toMatchObject({
        queued: all.filter(({ dead }) => !dead).length,
        dead: all.filter(({ dead }) => dead).length,
        inFlight: all.filter(({ inFlight }) => inFlight).length,
        corrupt: 0,
        parked: model.parked.has(queue),
      })
      const next = waiting.map((entry) => (model.isDue(entry) ? 0 : entry.notBefore)).sort((a, b) => a - b)[0]
      expect(real.spool.nextDue(queue)).toBe(model.parked.has(queue) ? undefined : next)
      const isTakeable = !model.parked.has(queue) && model.takeable(queue, true).length > 0
      expect(real.spool.nextDue(queue, { ordered: true }) === 0).toBe(isTakeable)
    }
  }
}

const FRESH = { attempts: 0, crashes: 0, dead: false, inFlight: false, begun: false }
const queues = fc.constantFrom(...QUEUES)
const choices = fc.nat(50)
const delays = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 1000 }))
const isQueued = ({ dead }: ModelEntry) => !dead
const isDead = ({ dead }: ModelEntry) => dead

const enqueue = fc
  .tuple(
    queues,
    fc.option(fc.constantFrom('k1', 'k2', 'k3'), { nil: undefined }),
    delays,
    fc.option(fc.constantFrom('cam1', 'cam2', 'cam3'), { nil: undefined }),
    fc.constantFrom(0, 0, 1)
  )
  .map(([queue, key, delayMs, lane, priority]) => {
    const step: Step = async (model, { spool }) => {
      const result = await spool.enqueue({ queue, key, delayMs, lane, priority, payload: model.last + 1 })
      const before = model.of(queue).find(([, entry]) => key !== undefined && entry.key === key)
      if (before) return expect(result).toEqual({ id: `${queue}/${before[0]}`, duplicate: true })
      if (key !== undefined && model.done.has(queue + key)) return expect(result).toEqual({ duplicate: true })
      const notBefore = delayMs === 0 ? 0 : model.now + delayMs
      const place = { lane, priority, rank: model.rank(queue, lane) }
      model.entries.set(++model.last, { ...FRESH, ...place, queue, key, notBefore })
      expect(result).toEqual({ id: `${queue}/${model.last}`, duplicate: false })
    }
    return new Command(`enqueue ${queue} ${key} +${delayMs} in ${lane} at ${priority}`, step)
  })

const take = fc.tuple(queues, fc.integer({ min: 1, max: 4 }), fc.boolean()).map(([queue, limit, ordered]) => {
  const step: Step = async (model, { spool }) => {
    const expected = model.parked.has(queue) ? [] : model.takeable(queue, ordered).slice(0, limit)
    const taken = spool.take(queue, limit, { ordered })
    expect(taken.map(({ sequence, attempts, payload }) => [sequence, attempts, payload])).toEqual(
      expected.map(([sequence, { attempts, crashes }]) => [sequence, attempts + crashes, sequence])
    )
    for (const [, entry] of expected) {
      entry.inFlight = true
      model.passed.set(queue, Math.max(model.passedOf(queue), entry.rank))
    }
  }
  return new Command(`take ${limit} of ${queue}${ordered ? ' in order' : ''}`, step)
})

/** A command about one entry, whether it is in flight or not: a late answer may come for any. */
const about = (name: string, wanted: (entry: ModelEntry) => boolean, act: (why: Why) => AboutStep) =>
  fc.tuple(choices, delays).map(([choice, delayMs]) => {
    const step: Step = async (model, { spool }) => {
      const picked = model.pick(choice, wanted)
      if (picked) await act({ delayMs, error: 'e' })(model, spool, picked)
    }
    return new Command(`${name} #${choice} +${delayMs}`, step)
  })
type Picked = NonNullable<ReturnType<Model['pick']>>
type AboutStep = (model: Model, spool: Spool<number>, picked: Picked) => Promise<void>

const finish = (model: Model, { entry, sequence }: Picked) => {
  model.entries.delete(sequence)
  if (!entry.dead) model.left(entry)
  if (entry.key !== undefined) model.done.add(entry.queue + entry.key)
}
const begin = about(
  'begin',
  ({ inFlight }) => inFlight,
  () =>
    async (_model, spool, { id, entry }) => {
      expect(await spool.begin(id)).toBe(true)
      entry.begun = true
    }
)
const ack = about('ack', isQueued, () => async (model, spool, picked) => {
  expect(await spool.ack(picked.id)).toBe(true)
  finish(model, picked)
  expect(await spool.ack(picked.id)).toBe(false)
})
const retry = about('retry', isQueued, (why) => async (model, spool, { id, entry }) => {
  expect(await spool.retry(id, why)).toBe(true)
  entry.attempts += entry.crashes + 1
  entry.crashes = 0
  entry.begun = false
  entry.notBefore = why.delayMs === 0 ? 0 : model.now + why.delayMs
  entry.inFlight = false
})
const bury = about('bury', isQueued, (why) => async (model, spool, { id, entry }) => {
  expect(await spool.bury(id, why)).toBe(true)
  const last = entry.begun || entry.crashes === 0 ? 1 : 0
  const attempts = entry.attempts + entry.crashes + last
  Object.assign(entry, { ...FRESH, dead: true, attempts })
  model.left(entry)
  expect(spool.deadLetters.show(id)).toMatchObject({ attempts })
})
const release = about('release', isQueued, () => async (_model, spool, { id, entry }) => {
  await spool.release(id)
  Object.assign(entry, { inFlight: false, begun: false })
})
const replay = about('replay', isDead, () => async (model, spool, { id, entry }) => {
  expect(await spool.deadLetters.replay(id)).toBe(true)
  Object.assign(entry, { ...FRESH, notBefore: 0 })
  model.back(entry)
})
const discard = about('discard', isDead, () => async (model, spool, picked) => {
  expect(await spool.deadLetters.discard(picked.id)).toBe(true)
  finish(model, picked)
})
const park = fc.tuple(queues, fc.boolean()).map(([queue, parked]) => {
  const step: Step = async (model, { spool }) => {
    await (parked ? spool.park(queue) : spool.unpark(queue))
    model.parked[parked ? 'add' : 'delete'](queue)
  }
  return new Command(`${parked ? 'park' : 'unpark'} ${queue}`, step)
})
const tick = fc.oneof(fc.integer({ min: -300, max: 1000 }), fc.constantFrom(-3 * DAY, 3 * DAY)).map((by) => {
  const step: Step = async (model) => {
    model.now += by
  }
  return new Command(`clock ${by}`, step)
})
const reopen = fc.constant(
  new Command('reopen', async (model, real) => {
    await real.database.close()
    await real.open()
    model.passed.clear()
    for (const entry of model.entries.values()) {
      if (entry.begun) entry.crashes++
      Object.assign(entry, { inFlight: false, begun: false })
    }
  })
)

it('does what the model does, whatever happens in whatever order', async () => {
  // More of what makes entries and moves them than of what ends them.
  const commands = [enqueue, enqueue, enqueue, take, take, take, begin, begin, ack, retry, bury, release]
  const rest = [replay, discard, park, tick, tick, reopen]
  await fc.assert(
    fc.asyncProperty(fc.commands([...commands, ...rest], { maxCommands: 60 }), async (steps) => {
      const directory = await mkdtemp(join(tmpdir(), 'edgeloop-model-'))
      const model = new Model()
      const real = new Real(directory, model)
      await real.open()
      try {
        await fc.asyncModelRun(() => ({ model, real }), steps)
      } finally {
        await real.database.close()
        await rm(directory, { recursive: true, force: true })
      }
    }),
    { numRuns: Number(process.env.EDGELOOP_MODEL_RUNS ?? 60) }
  )
}, 120_000)
