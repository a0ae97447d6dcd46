/**
 * Photos come, are carried on, decided on, uploaded, labelled, given up and removed in whatever order, and the process may end between
 * any two writes: to the database, of half a photo, before and after a rename, before and after an unlink.
 */
import { createHash } from 'node:crypto'
import fs from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { type Database, openDatabase } from '../../lib/database/index.ts'
import { createEvent, type EdgeloopEvent } from '../../lib/events/index.ts'
import type { Delivery } from '../connector/index.ts'
import { photoOf } from '../dead-letters/index.ts'
import { createIntake, type Intake } from '../intake/index.ts'
import { type KeptPhotos, openKeptPhotos } from '../keep-photos.ts'
import { beginAnew, endAfter, letFilesEnd, untilTheEnd } from './ending-process.fixture.ts'

const RUNS = Number(process.env.EDGELOOP_MODEL_RUNS ?? 60)
const SIZE = 1000
/** Of the different photos some find no room. */
const LIMIT = 4 * SIZE
/** Pinned photos may take half of it. */
const PINNED = 2
const bytesOf = (n: number) => Buffer.alloc(SIZE, `photo ${n}`)
const nameOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const PHOTOS = Array.from({ length: 10 }, (_, n) => nameOf(bytesOf(n)))

let undo: () => void
beforeAll(() => {
  // That the disk is full is said, too.
  vi.spyOn(console, 'error').mockImplementation(() => {})
  undo = letFilesEnd()
})
afterAll(() => {
  undo()
  vi.restoreAllMocks()
})

/** What is known of a photo whose promise has resolved. */
interface ModelPhoto {
  sequence: number
  /** Entries in the spool and dead letters. */
  events: { id: string; dead: boolean }[]
  outcome?: 'accepted' | 'review' | 'rejected' | 'dead'
  uploaded?: boolean
  withPhoto?: boolean
  /** People know what is on it, or are to measure with it. */
  marked?: boolean
  abandoned?: boolean
}

type Worth = 'needed' | 'done' | 'pinned copy' | 'wanted' | 'pinned'
/** In this order they go. */
const GOING: readonly Worth[] = ['done', 'pinned copy', 'wanted', 'pinned']

function worthOf({ events, outcome, uploaded, withPhoto, marked, abandoned }: ModelPhoto): Worth {
  if (events.length > 0) return 'needed'
  if (outcome === 'rejected' || outcome === 'dead') return 'done'
  if (!uploaded) return abandoned ? 'done' : 'needed'
  if (marked) return withPhoto ? 'pinned copy' : 'pinned'
  return outcome === 'review' && !withPhoto ? 'wanted' : 'done'
}

class Edge {
  readonly directory: string
  database!: Database
  kept!: KeptPhotos
  intake!: Intake
  /** Acknowledged photos. */
  photos = new Map<number, ModelPhoto>()
  /** Photos that may be gone by now; once gone, for good. */
  gone = new Set<number>()
  /** Photos that were pinned and kept at the last look. */
  pinned = new Set<number>()
  refused = 0
  /** Pinned photos that went because there were too many. */
  unpinned = 0

  constructor(directory: string) {
    this.directory = directory
  }

  async open() {
    this.database = await openDatabase(join(this.directory, 'database'))
    // Commits are writes, too.
    const database: Database = {
      ...this.database,
      transaction: (work) => untilTheEnd(() => this.database.transaction(work)),
    }
    const limits = { photoBytes: LIMIT, minFreeBytes: 0 }
    this.kept = await openKeptPhotos(database, join(this.directory, 'photos'), limits)
    const { spool } = this.kept
    const publish = (queue: string) => (event: EdgeloopEvent) => {
      spool.enqueueSync({ queue, key: event.id, payload: event })
      return 1
    }
    const connector = { publishSync: publish('classify') }
    this.intake = createIntake({ edge: 'edge-1', database, connector, ...this.kept })
  }

  /** Those of a worth that are kept, the oldest first. */
  kind(worth: Worth): number[] {
    const found = [...this.photos].filter(
      ([n, photo]) => worthOf(photo) === worth && this.kept.ledger.keeps(PHOTOS[n]!)
    )
    return found.sort(([, a], [, b]) => a.sequence - b.sequence).map(([n]) => n)
  }

  /** What may go, in its order. */
  going(): number[] {
    const [copies, only] = [this.kind('pinned copy').length, this.kind('pinned').length]
    const tooMany: Partial<Record<Worth, number>> = {
      'pinned copy': Math.max(0, copies + only - PINNED),
      pinned: Math.max(0, only - PINNED),
    }
    return GOING.flatMap((worth) => this.kind(worth).slice(0, tooMany[worth]))
  }

  lookAtPins() {
    const { ledger } = this.kept
    const pinned = new Set([...this.kind('pinned copy'), ...this.kind('pinned')])
    expect(ledger.pinned()).toEqual({ bytes: pinned.size * SIZE, maxBytes: PINNED * SIZE })
    const isPinned = (n: number) => worthOf(this.photos.get(n)!).startsWith('pinned')
    const lost = [...this.pinned].filter((n) => isPinned(n) && !pinned.has(n))
    // Only for as long as there were too many.
    if (lost.length > 0) expect(pinned.size).toBeGreaterThanOrEqual(PINNED)
    this.unpinned += lost.length
    this.pinned = pinned
  }

  /** What is on disk, whoever knows of it. */
  async files(): Promise<Map<string, Buffer>> {
    const files = new Map<string, Buffer>()
    const entries = await fs.readdir(join(this.directory, 'photos'), { recursive: true, withFileTypes: true })
    for (const entry of entries) {
      if (entry.isFile()) files.set(entry.name, await fs.readFile(join(entry.parentPath, entry.name)))
    }
    return files
  }

  async look() {
    await this.kept.bound.settled()
    const files = await this.files()
    for (const [name, bytes] of files) expect(nameOf(bytes), 'nothing is half written').toBe(name)
    const { photos, ledger } = this.kept
    expect([photos.count(), photos.bytes()]).toEqual([files.size, files.size * SIZE])
    expect(photos.bytes()).toBeLessThanOrEqual(LIMIT)
    const going = this.going()
    expect(ledger.removable(100)).toEqual(going.map((n) => PHOTOS[n]))
    for (const [n, photo] of this.photos) {
      const name = PHOTOS[n]!
      const mayGo = going.includes(n) || (worthOf(photo) !== 'needed' && !ledger.keeps(name))
      if (!mayGo && !this.gone.has(n)) expect(files.has(name), `photo ${n} is needed`).toBe(true)
      expect(ledger.needs(name)).toBe(ledger.keeps(name) && !going.includes(n))
      if (worthOf(photo) === 'needed') expect(this.gone.has(n)).toBe(false)
      if (!files.has(name)) this.gone.add(n)
    }
    this.lookAtPins()
    // A file that no promise covers: only of a photo whose sender was never told.
    for (const name of files.keys()) {
      const n = PHOTOS.indexOf(name)
      if (this.photos.has(n) && !this.gone.has(n)) expect(ledger.keeps(name)).toBe(true)
    }
  }
}

/** A step, and what holds once its promise has resolved; what it may have done when it did not is found out by `learn`. */
interface Step {
  name: string
  run(edge: Edge): Promise<void>
}

const nth = <T>(all: readonly T[], choice: number): T | undefined => all[choice % Math.max(all.length, 1)]
const numbers = fc.nat(9)
const choices = fc.nat(40)

const receiving = (n: number): Step => ({
  name: `receive ${n}`,
  async run(edge) {
    const known = edge.photos.get(n)
    const before = LIMIT / SIZE - edge.going().length
    const bytes = bytesOf(n)
    const result = await edge.intake.receive('pi', bytes).catch((error) => error)
    if (result.code === 'OVERLOADED') {
      edge.refused++
      // Only where all the room is taken by what is needed, the files of senders that were never told included.
      expect(known).toBeUndefined()
      expect(edge.kept.ledger.removable(1)).toEqual([])
      expect(before).toBeGreaterThan(0)
      return
    }
    expect(result).toMatchObject({ photo: PHOTOS[n], repeated: known !== undefined })
    if (known) return expect(result.sequence).toBe(known.sequence)
    await learn(edge, n)
  },
})
const receive = numbers.map(receiving)

/** What the database has of a photo, for the model. */
async function learn(edge: Edge, n: number) {
  const name = PHOTOS[n]!
  const { spool, sequences, decisions, book } = edge.kept
  const sequence = sequences.get(name)
  if (sequence === undefined) return
  const about = ({ payload }: { payload: Delivery }) => photoOf(payload) === name
  const queued = spool.queues().flatMap((queue) => spool.list(queue).filter(about))
  const dead = spool.deadLetters.list().filter(about)
  const found = decisions.standing(name)
  const events = [...queued, ...dead].map(({ id, state }) => ({ id, dead: state === 'dead' }))
  edge.photos.set(n, {
    sequence,
    events,
    outcome: found?.outcome,
    uploaded: found?.uploaded,
    withPhoto: found?.photoUploaded,
    marked: found?.audit || book.isAnswered(name),
    abandoned: events.length === 0 && edge.photos.get(n)?.abandoned,
  })
}

/** One about an event of some photo; its outcome is read back, and only its effect on files is judged. */
const about = (
  name: string,
  wanted: (event: { id: string; dead: boolean }, photo: ModelPhoto) => boolean,
  act: (edge: Edge, id: string, n: number, choice: number) => Promise<unknown>
) =>
  fc.tuple(choices, choices).map(
    ([choice, second]): Step => ({
      name: `${name} #${choice} ${second}`,
      async run(edge) {
        const fitting = [...edge.photos].flatMap(([n, photo]) =>
          photo.events.filter((event) => wanted(event, photo)).map(({ id }) => ({ n, id }))
        )
        const picked = nth(fitting, choice)
        if (!picked) return
        await act(edge, picked.id, picked.n, second)
        await learn(edge, picked.n)
      },
    })
  )

const ASKED = { edge: 'edge-1', device: 'pi', mediaType: 'image/jpeg', size: SIZE, prediction: null }
const ANSWER = { by: 'ana', at: '2026-01-01T00:00:00.000Z', label: 'cat', among: ['cat'] }
const DECISION = { perceptualHash: null, features: null, reason: '', modelVersion: 1, audit: false }

/** What the connector does with an answer: the entry goes, what follows comes, and what is decided is written. */
const carryOn = about(
  'carry on',
  ({ dead }) => !dead,
  (edge, id, n, choice) => {
    const { spool, decisions } = edge.kept
    const photo = PHOTOS[n]!
    const outcome = (['accepted', 'review', 'review', 'rejected'] as const)[choice % 4]!
    return edge.kept.spool.database.transaction(() => {
      if (!spool.ackSync(id)) return
      if (id.startsWith('other')) return
      if (id.startsWith('upload')) return void decisions.uploadedSync(photo, 10, choice % 2 === 0)
      const audit = choice % 8 === 1
      decisions.recordSync({ ...DECISION, photo, outcome, audit })
      const { sequence } = edge.photos.get(n)!
      if (outcome === 'review') edge.kept.book.askSync({ ...ASKED, photo, audit })
      const reference = { hash: photo, size: SIZE, mediaType: 'image/jpeg' }
      const event = createEvent('photo.captured', 'test', [photo, 'again'], {
        ...{ edge: 'edge-1', device: 'pi', sequence, photo: reference },
      })
      // Others may listen, too, and what uploads may not be deployed.
      for (const queue of ['other', ...(outcome === 'rejected' ? [] : ['upload'])])
        if (choice % 5 !== queue.length % 5) spool.enqueueSync({ queue, key: event.id, payload: event })
    })
  }
)
const bury = about(
  'bury',
  ({ dead }) => !dead,
  (edge, id, n) =>
    edge.kept.spool.database.transaction(() => {
      edge.kept.spool.burySync(id, { error: 'e' })
      const photo = PHOTOS[n]!
      if (id.startsWith('classify')) edge.kept.decisions.recordSync({ ...DECISION, photo, outcome: 'dead' })
    })
)
const replay = about(
  'replay',
  ({ dead }) => dead,
  (edge, id, n) =>
    edge.kept.spool.database.transaction(() => {
      edge.kept.spool.deadLetters.replaySync(id)
      edge.kept.decisions.reviveSync(PHOTOS[n]!)
    })
)
const discard = about(
  'discard',
  ({ dead }) => dead,
  async (edge, id, n) => {
    const photo = edge.photos.get(n)!
    // Before, because whether it was written down when the process ends is read from the events.
    if (photo.events.length === 1) photo.abandoned = true
    await edge.kept.spool.deadLetters.discard(id)
  }
)
/** A person says what is on a photo, or takes it back. */
const answer = choices.map(
  (choice): Step => ({
    name: `answer #${choice}`,
    async run(edge) {
      const { book } = edge.kept
      const asked = [...edge.photos.keys()].filter((n) => book.photo(PHOTOS[n]!))
      const n = nth(asked, choice)
      if (n === undefined) return
      await edge.kept.spool.database.transaction(() => {
        const found = book.photo(PHOTOS[n]!)
        if (!found) return
        const answers = choice % 5 === 0 ? [] : [ANSWER]
        book.writeSync({ ...book.said(found), answers })
      })
      await learn(edge, n)
    },
  })
)
/** All of it in a moment, as where nothing waits: otherwise several labelled photos would be rare. */
const labelAtOnce = fc.tuple(numbers, fc.boolean()).map(
  ([n, withPhoto]): Step => ({
    name: `label ${n} at once`,
    async run(edge) {
      await receiving(n).run(edge)
      const known = edge.photos.get(n)
      if (!known || known.outcome) return
      const { spool, decisions, book } = edge.kept
      const photo = PHOTOS[n]!
      await spool.database.transaction(() => {
        for (const { id } of known.events) spool.ackSync(id)
        decisions.recordSync({ ...DECISION, photo, outcome: 'review' })
        decisions.uploadedSync(photo, 10, withPhoto)
        book.askSync({ ...ASKED, photo, audit: false })
        book.writeSync({ ...book.said(book.photo(photo)!), answers: [ANSWER] })
      })
      await learn(edge, n)
    },
  })
)
const status = fc.constant<Step>({
  name: 'status',
  async run(edge) {
    edge.kept.bound.status()
    await edge.kept.bound.settled()
  },
})

const steps = fc.array(
  fc.tuple(
    fc.oneof(
      { weight: 5, arbitrary: receive },
      { weight: 6, arbitrary: carryOn },
      { weight: 1, arbitrary: bury },
      { weight: 1, arbitrary: replay },
      { weight: 1, arbitrary: discard },
      { weight: 2, arbitrary: answer },
      { weight: 3, arbitrary: labelAtOnce },
      { weight: 1, arbitrary: status }
    ),
    // After how many writes of the step the process ends; most often it does not.
    fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.nat(14) })
  ),
  { maxLength: 60, size: 'max' }
)

async function takeStep(edge: Edge, { run }: Step, writes: number | undefined) {
  if (writes === undefined) return run(edge)
  await endAfter(writes, () => run(edge))
  await edge.database.close()
  beginAnew()
  await edge.open()
  for (const name of (await edge.files()).keys()) expect(edge.kept.ledger.keeps(name)).toBe(true)
  for (const n of PHOTOS.keys()) await learn(edge, n)
}

it('keeps what is needed and nothing half written, whatever happens and whenever it ends', async () => {
  let refused = 0
  let removed = 0
  let unpinned = 0
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const edge = new Edge(await fs.mkdtemp(join(tmpdir(), 'edgeloop-photos-model-')))
      await edge.open()
      try {
        for (const [step, writes] of all) {
          await takeStep(edge, step, writes)
          await edge.look()
        }
        removed += edge.gone.size
        refused += edge.refused
        unpinned += edge.unpinned
      } finally {
        beginAnew()
        await edge.database.close()
        await fs.rm(edge.directory, { recursive: true, force: true })
      }
    }),
    { numRuns: RUNS }
  )
  // Otherwise this has tested little.
  expect(Math.min(removed, refused)).toBeGreaterThan(RUNS / 10)
  expect(unpinned).toBeGreaterThan(RUNS / 20)
}, 180_000)
