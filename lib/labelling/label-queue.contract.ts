import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Prediction } from '../events/index.ts'
import { photoHash } from '../photo/index.ts'
import type { LabelQueue } from './label-queue.ts'

/** A photo that is to wait for a person. */
export interface WaitingPhoto {
  /** Begins as a JPEG does. */
  bytes: Uint8Array
  edge: string
  device: string
  audit: boolean
  prediction: Prediction
}

/** A queue under test, empty at first. */
export interface LabelQueueTarget {
  queue: LabelQueue
  add(photo: WaitingPhoto): Promise<void>
  /** Says that the models of a training run found the label of a photo improbable. */
  doubt(photo: string, label: string): Promise<void>
  /** Another queue on what this one has stored, as after a restart; this one is not used any more. */
  reopen(): Promise<LabelQueue>
  close(): Promise<void>
}

/** What a target is opened with. */
export interface LabelQueueSettings {
  /** The labels on offer. */
  labels: readonly string[]
  /** How long a claim holds, in milliseconds. */
  claimMs: number
}

const LABELS = ['ant', 'bee', 'cat']
const LONG_MS = 60_000
/** As short as a test may wait for, and long enough to do a few things in. */
const SHORT_MS = 1500

/** What whoever asks people relies on, wherever the queue keeps its things. */
export function labelQueueContract(
  name: string,
  open: (settings: LabelQueueSettings) => Promise<LabelQueueTarget>
): void {
  describe(`${name}: the label queue contract`, { timeout: 60_000 }, () => {
    let target: LabelQueueTarget
    let queue: LabelQueue

    async function start(claimMs: number): Promise<void> {
      target = await open({ labels: LABELS, claimMs })
      queue = target.queue
    }
    beforeEach(() => start(LONG_MS))
    afterEach(() => target.close())

    /** @returns the photo */
    async function add(confidence = 0.5, more: Partial<WaitingPhoto> = {}): Promise<string> {
      const photo: WaitingPhoto = {
        // Nobody else has them.
        bytes: Uint8Array.from([0xff, 0xd8, 0xff, ...randomBytes(20)]),
        ...{ edge: 'edge-1', device: 'camera-1', audit: false },
        prediction: predicted('ant', confidence),
        ...more,
      }
      await target.add(photo)
      return photoHash(photo.bytes)
    }
    const addMany = async (count: number, more: Partial<WaitingPhoto> = {}) => {
      const photos: string[] = []
      for (let i = 0; i < count; i++) photos.push(await add(0.5, more))
      return photos
    }
    const claim = async (by: string, count = 1) =>
      (await queue.claim(by, { count })).map(({ photo }) => photo)
    const answer = (photo: string, by: string, label: string | null, isNew?: boolean) =>
      queue.answer({ photo, by, label, isNew })

    it('begins with nothing', async () => {
      expect(await queue.claim('ana')).toEqual([])
      expect(await queue.undo('ana')).toBeUndefined()
      expect(await queue.state()).toEqual({
        ...{ waiting: 0, claimed: 0, answered: 0, neither: 0, disputed: 0, labels: LABELS },
        agreement: { asked: 0, agreed: 0 },
        audits: { answered: 0, wrong: 0, lower: 0, upper: 1 },
        pseudoLabels: { stopped: false, why: 'no pseudo-label has been audited yet' },
      })
    })

    it('asks without saying what the model takes it for, and shows the photo', async () => {
      const bytes = Uint8Array.from([0xff, 0xd8, 0xff, 1, 2, 3])
      const photo = await add(0.6, { bytes, edge: 'north', device: 'gate' })
      const [question, ...others] = await queue.claim('ana')
      expect(others).toEqual([])
      expect(question).toEqual({
        ...{ photo, mediaType: 'image/jpeg', size: 6, edge: 'north', device: 'gate', labels: LABELS },
        second: false,
        until: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      })
      const left = Date.parse(question!.until) - Date.now()
      expect(left).toBeGreaterThan(LONG_MS / 2)
      expect(left).toBeLessThanOrEqual(LONG_MS + 1000)
      const shown = await queue.photo(photo)
      expect([[...shown!.bytes], shown!.mediaType]).toEqual([[...bytes], 'image/jpeg'])
      expect(await queue.photo('0'.repeat(64))).toBeUndefined()
    })

    it('has audited photos first, then the least certain ones', async () => {
      const sure = await add(0.9)
      const audited = await add(0.99, { audit: true })
      const unsure = await add(0.4)
      expect(await claim('ana', 3)).toEqual([audited, unsure, sure])
    })

    it('gives a photo to one person at a time, and theirs first to whoever asks again', async () => {
      const photos = await addMany(10)
      const people = ['ana', 'ben', 'cho', 'dan']
      const claimed = await Promise.all(people.map((by) => claim(by, 3)))
      expect(claimed.flat()).toHaveLength(10)
      expect(new Set(claimed.flat())).toEqual(new Set(photos))
      for (const [i, by] of people.entries()) {
        expect(await claim(by)).toEqual(claimed[i]!.slice(0, 1))
        expect(new Set(await claim(by, 3))).toEqual(new Set(claimed[i]))
      }
      expect(await queue.state()).toMatchObject({ waiting: 0, claimed: 10, answered: 0 })
      expect(await claim('eve')).toEqual([])
    })

    it('gives a photo whose claim has expired to somebody else', async () => {
      await target.close()
      await start(SHORT_MS)
      const photo = await add()
      expect(await claim('ana')).toEqual([photo])
      expect(await claim('ben')).toEqual([])
      await vi.waitFor(async () => expect(await claim('ben')).toEqual([photo]), 20_000)
      await expect(answer(photo, 'ana', 'ant')).rejects.toMatchObject({ code: 'CONFLICT', where: photo })
      await answer(photo, 'ben', 'bee')
    })

    it('takes an answer that comes late where nobody else has the photo by then', async () => {
      await target.close()
      await start(SHORT_MS)
      const photo = await add()
      expect(await claim('ana')).toEqual([photo])
      await vi.waitFor(async () => expect(await queue.state()).toMatchObject({ claimed: 0 }), 20_000)
      await answer(photo, 'ana', 'ant')
      expect(await queue.state()).toMatchObject({ waiting: 0, claimed: 0, answered: 1 })
    })

    it('records an answer, tells what the model said, and asks nobody again', async () => {
      const photo = await add(0.7)
      expect(await claim('ana')).toEqual([photo])
      expect(await answer(photo, 'ana', 'bee')).toEqual({ prediction: predicted('ant', 0.7) })
      expect(await claim('ana')).toEqual([])
      expect(await claim('ben')).toEqual([])
      expect(await queue.state()).toMatchObject({ waiting: 0, claimed: 0, answered: 1, neither: 0 })
      await expect(answer(photo, 'ben', 'bee')).rejects.toMatchObject({ code: 'CONFLICT', where: photo })
      await answer(photo, 'ana', 'cat')
      expect(await queue.state()).toMatchObject({ answered: 1, agreement: { asked: 0, agreed: 0 } })
    })

    it('takes an answer to a photo that nobody has claimed, and none to what somebody else has', async () => {
      const [free, taken] = await addMany(2)
      await answer(free!, 'ana', 'ant')
      expect(await claim('ben')).toEqual([taken])
      await expect(answer(taken!, 'ana', 'ant')).rejects.toMatchObject({ code: 'CONFLICT', where: taken })
      await answer(taken!, 'ben', 'ant')
    })

    it('takes one of two answers that come together', async () => {
      const photo = await add()
      const given = await Promise.allSettled(['ana', 'ben', 'cho'].map((by) => answer(photo, by, 'ant')))
      expect(given.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      expect(await queue.state()).toMatchObject({ answered: 1, agreement: { asked: 0 } })
    })

    it('knows no photo that is not there, and takes an unknown label for a slip', async () => {
      const photo = await add()
      const absent = '0'.repeat(64)
      await expect(answer(absent, 'ana', 'ant')).rejects.toMatchObject({ code: 'NOT_FOUND', where: absent })
      await expect(queue.skip(absent, 'ana')).rejects.toMatchObject({ code: 'NOT_FOUND' })
      await expect(answer(photo, 'ana', 'antt')).rejects.toMatchObject({
        code: 'INVALID_INPUT',
        hint: expect.stringContaining('ant, bee, cat'),
      })
      await answer(photo, 'ana', 'antt', true)
      expect((await queue.state()).labels).toEqual(['ant', 'antt', 'bee', 'cat'])
    })

    it('asks again about what was neither of the labels once there is another one, and about nothing else', async () => {
      const [odd, plain, strange] = await addMany(3)
      await answer(odd!, 'ana', null)
      await answer(plain!, 'ana', 'ant')
      expect(await queue.state()).toMatchObject({ waiting: 1, answered: 2, neither: 1 })
      await answer(strange!, 'ana', 'dog', true)
      expect(await queue.state()).toMatchObject({ waiting: 1, answered: 2, neither: 0 })

      const [question, ...others] = await queue.claim('ana', { count: 3 })
      expect(others).toEqual([])
      expect(question).toMatchObject({ photo: odd, second: false, labels: ['ant', 'bee', 'cat', 'dog'] })
      await answer(odd!, 'ana', null)
      expect(await claim('ben', 3)).toEqual([])
      expect(await queue.state()).toMatchObject({ waiting: 0, answered: 3, neither: 1 })
    })

    it('holds "neither" for the labels that were asked about, not for one that came meanwhile', async () => {
      const [odd, other] = await addMany(2)
      const [held] = await claim('ana')
      const rest = held === odd ? other! : odd!
      await answer(rest, 'ben', 'dog', true)
      await answer(held!, 'ana', null)
      expect(await queue.state()).toMatchObject({ waiting: 1, neither: 0 })
      expect(await claim('ana')).toEqual([held])
    })

    it('never asks a person again about what they skipped, and goes on asking others', async () => {
      const photo = await add()
      expect(await claim('ana')).toEqual([photo])
      await queue.skip(photo, 'ana')
      expect(await claim('ana')).toEqual([])
      expect(await queue.state()).toMatchObject({ waiting: 1, claimed: 0 })
      expect(await claim('ben')).toEqual([photo])
      await queue.skip(photo, 'ana')
      expect(await claim('ben')).toEqual([photo])
    })

    it("takes back a person's answers, the last one first, and gives them the photo again", async () => {
      const [first, second, others] = await addMany(3)
      await answer(first!, 'ana', 'ant')
      await answer(others!, 'ben', 'bee')
      await answer(second!, 'ana', null)
      expect(await queue.undo('ana')).toBe(second)
      expect(await queue.state()).toMatchObject({ claimed: 1, answered: 2, neither: 0 })
      expect(await claim('ben', 3)).toEqual([])
      expect(await claim('ana')).toEqual([second])
      expect(await queue.undo('ana')).toBe(first)
      expect(await queue.undo('ana')).toBeUndefined()
      expect(await queue.state()).toMatchObject({ claimed: 2, answered: 1 })
      await answer(first!, 'ana', 'cat')
      expect(await queue.undo('ana')).toBe(first)
    })

    it('asks a second person where a label is doubted, and says that it does', async () => {
      const [doubted, trusted] = await addMany(2)
      await answer(doubted!, 'ana', 'ant')
      await answer(trusted!, 'ana', 'bee')
      await target.doubt(doubted!, 'ant')
      expect(await claim('ana')).toEqual([])
      expect(await queue.claim('ben', { count: 2 })).toMatchObject([{ photo: doubted, second: true }])
      await answer(doubted!, 'ben', 'ant')
      expect(await claim('cho', 2)).toEqual([])
      expect(await queue.state()).toMatchObject({
        ...{ answered: 2, disputed: 0, waiting: 0 },
        agreement: { asked: 1, agreed: 1 },
      })
    })

    it('asks a third person where two disagree, until more of them say the same', async () => {
      const photo = await add()
      await answer(photo, 'ana', 'ant')
      await target.doubt(photo, 'ant')
      await answer(photo, 'ben', 'bee')
      expect(await queue.state()).toMatchObject({ waiting: 1, answered: 1, disputed: 1 })
      expect([await claim('ana'), await claim('ben')]).toEqual([[], []])
      expect(await claim('cho')).toEqual([photo])
      await answer(photo, 'cho', 'bee')
      expect(await claim('dan')).toEqual([])
      expect(await queue.state()).toMatchObject({
        ...{ waiting: 0, answered: 1, disputed: 0 },
        agreement: { asked: 1, agreed: 0 },
      })
    })

    it('no longer doubts an answer that was replaced', async () => {
      const photo = await add()
      await answer(photo, 'ana', 'ant')
      await target.doubt(photo, 'ant')
      await answer(photo, 'ana', 'bee')
      expect(await claim('ben')).toEqual([])
    })

    it('measures pseudo-labels by audits; a photo with neither of the labels is a wrong one', async () => {
      const audits = await addMany(4, { audit: true })
      const plain = await add()
      for (const photo of audits.slice(0, 3)) await answer(photo, 'ana', 'ant')
      await answer(plain, 'ana', 'bee')
      const { audits: right } = await queue.state()
      expect(right).toMatchObject({ answered: 3, wrong: 0, lower: 0 })
      // 1 - 0.1 ** (1 / 3)
      expect(right.upper).toBeCloseTo(0.5358, 4)
      await answer(audits[3]!, 'ana', null)
      const { audits: mixed, pseudoLabels } = await queue.state()
      expect(mixed).toMatchObject({ answered: 4, wrong: 1 })
      // 1 - 0.9 ** (1 / 4)
      expect(mixed.lower).toBeCloseTo(0.026, 3)
      expect(pseudoLabels).toMatchObject({ stopped: true, why: expect.stringContaining('1 of the newest 4') })
    })

    it('goes on where it was after a restart', async () => {
      const [answered, skipped, held, free] = await addMany(4)
      await answer(answered!, 'ana', 'dog', true)
      await queue.skip(skipped!, 'ana')
      const before = await claim('ben')
      const state = await queue.state()
      queue = await target.reopen()
      expect(await queue.state()).toEqual(state)
      expect(await claim('ben')).toEqual(before)
      const rest = [skipped, held, free].filter((photo) => photo !== before[0])
      expect(new Set(await claim('ana', 4))).toEqual(new Set(rest.filter((photo) => photo !== skipped)))
      expect(await queue.undo('ana')).toBe(answered)
    })
  })
}

function predicted(label: string, confidence: number): Prediction {
  const others = LABELS.filter((each) => each !== label)
  const rest = (1 - confidence) / others.length
  return {
    model: { name: 'photos', version: 3 },
    labels: [{ label, score: confidence }, ...others.map((other) => ({ label: other, score: rest }))],
    confidence,
  }
}
