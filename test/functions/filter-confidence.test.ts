import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as filterConfidence from '../../functions/filter-confidence/handler.ts'
import { type EventData, eventRequest, readEventResponse, type Sample } from '../../lib/events/index.ts'
import { classified, classifiedEvent, hashOf, type ServedFunction, serveFunction } from '../support/index.ts'

type Classified = EventData<'photo.classified'>

let served: ServedFunction

beforeAll(async () => {
  served = await serveFunction(filterConfidence, {})
})

afterAll(() => served.close())

/** What it answers to a photo. */
async function filter(data: Classified): Promise<Sample & { type: string; id: string }> {
  return sampleOf(await served.send(classifiedEvent(data)))
}

/** The same without a network in between, for many. */
async function filterHere(data: Classified) {
  return sampleOf(await filterConfidence.default.fetch(eventRequest('http://x/', classifiedEvent(data)), {}))
}

async function sampleOf(response: Response) {
  const event = await readEventResponse(response.clone())
  switch (event?.type) {
    case 'sample.accepted':
    case 'sample.review':
    case 'sample.rejected':
      return { ...event.data, type: event.type, id: event.id }
    default:
      return expect.fail(`${response.status}: ${await response.text()}`)
  }
}

/** A photo that no audit draws. */
const QUIET = { accept: 0.95, audit: 0 }
const neighbour = (distance: number, similarity?: number, name = 'earlier') => ({
  photo: hashOf(name),
  distance,
  ...(similarity === undefined ? {} : { similarity }),
})

describe('the bands', () => {
  it('accept: sure enough', async () => {
    const data = classified('a', 0.974, { thresholds: QUIET })
    const sample = await filter(data)
    expect(sample).toMatchObject({ type: 'sample.accepted', band: 'accept', audit: false })
    expect(sample.reason).toEqual({
      code: 'confident',
      text: '97.4 % sure of cat',
      numbers: { confidence: 0.974, accept: 0.95 },
    })
    // Everything that the next steps need goes on, and nothing else.
    const { thresholds: _thresholds, ...kept } = data
    const {
      type: _type,
      id: _id,
      band: _band,
      audit: _audit,
      slice: _slice,
      reason: _reason,
      ...rest
    } = sample
    expect(rest).toEqual(kept)
  })

  it('accept: exactly at the threshold', async () => {
    const sample = await filter(classified('a', 0.95, { thresholds: QUIET }))
    expect(sample.band).toBe('accept')
    expect(sample.reason.text).toBe('95 % sure of cat')
  })

  it('review: not sure enough', async () => {
    const sample = await filter(classified('a', 0.949_99, { thresholds: { accept: 0.95, audit: 1 } }))
    expect(sample).toMatchObject({ type: 'sample.review', band: 'review', audit: false })
    expect(sample.reason).toEqual({
      code: 'uncertain',
      text: '94.9 % sure of cat, below the 95 % of this model',
      numbers: { confidence: 0.949_99, accept: 0.95 },
    })
  })

  it('review: drawn for an audit', async () => {
    const sample = await filter(classified('a', 0.999_99, { thresholds: { accept: 0.57, audit: 1 } }))
    expect(sample).toMatchObject({ type: 'sample.review', band: 'review', audit: true })
    expect(sample.reason).toMatchObject({
      code: 'audit',
      text: '99.9 % sure of cat, and drawn for a person to check',
      numbers: { confidence: 0.999_99, accept: 0.57, audit: 1, draw: expect.any(Number) },
    })
  })

  it('reject: unreadable, with what classify said', async () => {
    const nothing = { prediction: null, features: null, perceptualHash: null, thresholds: null }
    const sample = await filter(classified('a', 0, { ...nothing, unreadable: 'this photo is cut short' }))
    expect(sample).toMatchObject({ type: 'sample.rejected', band: 'reject', audit: false })
    expect(sample.reason).toEqual({ code: 'unreadable', text: 'this photo is cut short', numbers: {} })
    expect((await filter(classified('a', 0, nothing))).reason.code).toBe('unreadable')
  })

  it('knows nothing of cats and dogs', async () => {
    const labels = ['heron', 'otter', 'nobody'].map((label, i) => ({ label, score: [0.6, 0.3, 0.1][i]! }))
    const prediction = { model: { name: 'river', version: 1 }, labels, confidence: 0.6 }
    const sample = await filter(classified('a', 0.6, { prediction, thresholds: { accept: 0.6, audit: 0 } }))
    expect(sample.reason.text).toBe('60 % sure of heron')
  })
})

describe('duplicates', () => {
  it.each([
    ['as good as equal', neighbour(0), true],
    ['at the limit', neighbour(8), true],
    ['beyond it', neighbour(9), false],
    ['beyond it, with features that agree', neighbour(10, 0.95), true],
    ['beyond it, with features that do not', neighbour(10, 0.949), false],
    ['far, whatever the features', neighbour(11, 1), false],
    ['close, with features of something else', neighbour(2, 0.6), false],
    ['far, but a part of it', { ...neighbour(40, 0.7), alignment: 0.65 }, true],
    ['hardly a part of it', { ...neighbour(40, 0.9), alignment: 0.64 }, false],
    ['a part of it, with features of something else', { ...neighbour(40, 0.64), alignment: 0.9 }, false],
  ])('%s', async (_, other, isDuplicate) => {
    const budgets = { day: '2026-07-31', bytesUploaded: 7, labelsAsked: 1 }
    const sample = await filter(classified('a', 0.5, { neighbours: [other], budgets }))
    expect(sample.band).toBe(isDuplicate ? 'reject' : 'review')
    if (isDuplicate) expect(sample.reason).toMatchObject({ code: 'duplicate', numbers: { ...other } })
    expect(sample).not.toHaveProperty('neighbours')
    expect(sample).not.toHaveProperty('budgets')
  })

  it('names the closest, in whatever order they come', async () => {
    const others = [neighbour(7, 0.99, 'far'), neighbour(2, 0.7, 'near'), neighbour(30, 1, 'nothing')]
    for (const neighbours of [others, others.toReversed()]) {
      const { reason } = await filter(classified('a', 0.99, { neighbours }))
      expect(reason.numbers).toEqual(neighbour(2, 0.7, 'near'))
      expect(reason.text).toContain(hashOf('near').slice(0, 12))
    }
  })

  it('are other photos: none is a duplicate of itself', async () => {
    const neighbours = [neighbour(0, 1, 'a')]
    expect((await filter(classified('a', 0.99, { neighbours, thresholds: QUIET }))).band).toBe('accept')
  })

  it('stand before confidence, and unreadable before duplicates', async () => {
    const neighbours = [neighbour(0)]
    expect((await filter(classified('a', 0.2, { neighbours }))).reason.code).toBe('duplicate')
    const unreadable = { prediction: null, thresholds: null, neighbours }
    expect((await filter(classified('a', 0, unreadable))).reason.code).toBe('unreadable')
  })
})

describe('foreign photos', () => {
  const near = { distance: 0.3, threshold: 0.5, known: 0.8, foreign: null as number | null }
  const far = { ...near, distance: 0.51, known: 0.5 }
  const foreignOf = (novelty: typeof near, thresholds: object = {}, name = 'a') =>
    filterHere(classified(name, 0.99, { novelty, thresholds: { ...QUIET, ...thresholds } }))

  it('are no pseudo-labels, however sure the model is', async () => {
    expect((await foreignOf(near)).band).toBe('accept')
    expect((await foreignOf({ ...far, distance: 0.5 })).band).toBe('accept')
    expect(await foreignOf(far)).toMatchObject({
      band: 'reject',
      reason: { code: 'foreign', numbers: { distance: 0.51, threshold: 0.5 } },
    })
  })

  it('are shown to people by the share that the model asks for', async () => {
    const bands = await Promise.all(
      Array.from({ length: 400 }, (_, i) => foreignOf(far, { foreign: 0.25 }, `foreign ${i}`))
    )
    const asked = bands.filter(({ band }) => band === 'review')
    expect(asked.length).toBeGreaterThan(70)
    expect(asked.length).toBeLessThan(130)
    expect(asked.every(({ reason, audit }) => reason.code === 'foreign' && !audit)).toBe(true)
  })

  it('like one that people have called so are rejected, also where they are not far', async () => {
    const seen = { ...near, known: 0.8, foreign: 0.81 }
    expect((await foreignOf(seen, { foreign: 1 })).band).toBe('review')
    expect(await foreignOf(seen)).toMatchObject({ band: 'reject' })
    expect((await foreignOf(seen)).reason).toMatchObject({
      code: 'neither',
      numbers: { known: 0.8, foreign: 0.81 },
    })
    expect((await foreignOf({ ...seen, foreign: 0.8 })).band).toBe('accept')
  })
})

describe('the slice', () => {
  const sliceOf = (name: string, confidence: number, thresholds: object, more: Partial<Classified> = {}) =>
    filterHere(classified(name, confidence, { thresholds: { ...QUIET, ...thresholds }, ...more }))

  it('is the same photos whatever the model says, and whichever version it is', async () => {
    const drawn = new Map<string, number>()
    for (let i = 0; i < 500; i++) {
      const name = `slice ${i}`
      const versions = [0.2, 0.99].map((confidence, version) =>
        sliceOf(name, confidence, { slice: 0.1, audit: 1 }, version === 1 ? far : {})
      )
      for (const { slice, band, reason, audit } of await Promise.all(versions)) {
        if (slice) drawn.set(name, (drawn.get(name) ?? 0) + 1)
        if (slice) expect([band, reason.code, audit]).toEqual(['review', 'slice', false])
      }
    }
    expect([...drawn.values()].every((times) => times === 2)).toBe(true)
    expect(drawn.size).toBeGreaterThan(25)
    expect(drawn.size).toBeLessThan(80)
  })
  const far = { novelty: { distance: 1, threshold: 0.5, known: 0, foreign: 0.5 } }
})

describe('limits', () => {
  const accepted = (counts: Record<string, number>, ratio = 4) =>
    filterHere(
      classified('a', 0.99, {
        thresholds: { ...QUIET, perLabel: { least: 50, ratio, most: 150 } },
        accepted: counts,
      })
    )

  it('keep a label from outnumbering the rarest', async () => {
    expect((await accepted({ cat: 49 })).band).toBe('accept')
    expect((await accepted({ cat: 50 })).reason).toMatchObject({
      code: 'enough',
      numbers: { accepted: 50, rarest: 0, most: 50 },
    })
    expect((await accepted({ cat: 119, dog: 30 })).band).toBe('accept')
    expect((await accepted({ cat: 120, dog: 30 })).band).toBe('reject')
    expect((await accepted({ cat: 149, dog: 100 })).band).toBe('accept')
    expect((await accepted({ cat: 150, dog: 100 })).band).toBe('reject')
    expect((await accepted({ cat: 0, dog: 3000 })).band).toBe('accept')
  })

  const day = { day: '2026-07-31', bytesUploaded: 0, labelsAsked: 0 }
  const spent = (confidence: number, budgets: object, thresholds: object = {}) =>
    filterHere(
      classified('a', confidence, {
        thresholds: { ...QUIET, ...thresholds },
        budgets: { ...day, ...budgets },
      })
    )

  it('of labels are kept, and the last fifth is for what measures', async () => {
    expect((await spent(0.5, { labelsAsked: 79, labelsPerDay: 100 })).band).toBe('review')
    expect((await spent(0.5, { labelsAsked: 80, labelsPerDay: 100 })).reason).toMatchObject({
      code: 'budget',
      numbers: { confidence: 0.5, labelsAsked: 80, labelsPerDay: 100 },
    })
    expect((await spent(0.99, { labelsAsked: 80, labelsPerDay: 100 })).band).toBe('accept')
    expect((await spent(0.99, { labelsAsked: 99, labelsPerDay: 100 }, { audit: 1 })).audit).toBe(true)
    expect((await spent(0.99, { labelsAsked: 100, labelsPerDay: 100 }, { audit: 1 })).band).toBe('reject')
    expect((await spent(0.5, { labelsAsked: 0, labelsPerDay: 0 })).band).toBe('reject')
  })

  it('of bytes are kept', async () => {
    expect((await spent(0.99, { bytesUploaded: 799, bytesPerDay: 1000 })).band).toBe('accept')
    expect((await spent(0.99, { bytesUploaded: 800, bytesPerDay: 1000 })).reason.code).toBe('budget')
    expect((await spent(0.5, { bytesUploaded: 800, bytesPerDay: 1000 })).reason.code).toBe('budget')
    expect((await spent(0.5, { bytesUploaded: 999, bytesPerDay: 1000 }, { slice: 1 })).slice).toBe(true)
  })
})

describe('the audit', () => {
  it('draws about the share that the model asks for, of the confident only', async () => {
    const draw = async (count: number, share: number, name: string) => {
      let drawn = 0
      for (let i = 0; i < count; i++) {
        const data = classified(`${name} ${i}`, 0.96, { thresholds: { accept: 0.95, audit: share } })
        const sample = await filterHere(data)
        expect(sample.band).toBe(sample.audit ? 'review' : 'accept')
        if (sample.audit) drawn++
      }
      return drawn
    }
    // Within four standard deviations of a fair draw; the hashes are fixed, so this passes always or never.
    for (const [count, share] of [
      [1500, 0.03],
      [500, 0.5],
    ] as const) {
      const deviation = Math.sqrt(count * share * (1 - share))
      expect(Math.abs((await draw(count, share, `share ${share}`)) - count * share)).toBeLessThan(
        4 * deviation
      )
    }
    expect(await draw(100, 0, 'none')).toBe(0)
    expect(await draw(100, 1, 'all')).toBe(100)
  })

  it('is the same for the same photo and model, and drawn anew for the next model', async () => {
    const draws = async (version: number) => {
      const audits: boolean[] = []
      for (let i = 0; i < 200; i++) {
        const data = classified(`stable ${i}`, 0.99, { thresholds: { accept: 0.9, audit: 0.5 } })
        data.prediction!.model.version = version
        audits.push((await filterHere(data)).audit)
      }
      return audits
    }
    const first = await draws(1)
    expect(await draws(1)).toEqual(first)
    const second = await draws(2)
    const changed = first.filter((audit, i) => audit !== second[i]).length
    expect(changed).toBeGreaterThan(70)
    expect(changed).toBeLessThan(130)
  })
})

describe('again', () => {
  it('the same event gets the same answer with the same id', async () => {
    const data = classified('a', 0.7)
    expect(await filter(data)).toEqual(await filter(data))
    const later = classified('a', 0.7)
    later.prediction!.model.version = 4
    expect((await filter(later)).id).not.toBe((await filter(data)).id)
  })
})

describe('what is refused for good', () => {
  it('a prediction without thresholds: it would be lost as unreadable', async () => {
    const response = await served.send(classifiedEvent(classified('a', 0.99, { thresholds: null })))
    expect([response.status, await response.json()]).toMatchObject([400, { where: 'data.thresholds' }])
  })

  it('what is no photo.classified', async () => {
    const bare = await fetch(served.url, { method: 'POST', body: 'hello' })
    expect([bare.status, await bare.json()]).toMatchObject([400, { where: 'headers' }])
    const wrong = await served.send(
      classifiedEvent({ ...classified('a'), perceptualHash: 'short' } as Classified)
    )
    expect([wrong.status, await wrong.json()]).toMatchObject([400, { where: 'data.perceptualHash' }])
    expect((await fetch(served.url)).status).toBe(404)
  })
})
