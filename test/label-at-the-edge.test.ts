/**
 * In `features` mode people label at the edge, and the label travels: while the cloud is away, through kills of the agent, and
 * once.
 */
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { createDevice, type Device } from '../device/index.ts'
import { peopleAnswers, sampleStore } from '../lib/dataset/index.ts'
import type { LabellingState, Question } from '../lib/labelling/index.ts'
import { photoHash } from '../lib/photo/index.ts'
import { createPlatform, type Platform } from '../platform/index.ts'
import { blockPhoto, publishModel, temporaryDirectory } from './support/index.ts'

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 })

const eventually = (check: () => unknown) => vi.waitFor(check, { timeout: 60_000, interval: 50 })

let temporary: Awaited<ReturnType<typeof temporaryDirectory>>
let platform: Platform
let device: Device
/** By their names. */
const photos = new Map<string, string>()
const photo = (name: string) => photos.get(name)!
const edge = () => platform.edges[0]!

beforeAll(async () => {
  temporary = await temporaryDirectory('label-at-the-edge')
  platform = await createPlatform({
    state: temporary.directory,
    edges: 1,
    uplink: 'features',
    retrain: { RETRAIN_MIN_NEW: '1000' },
  })
  // Nothing is as sure as that: all of it is for people.
  await publishModel(platform.store, platform.model, { accept: 1, audit: 0 })
  await eventually(async () => expect((await edge().status()).model.serving).toBe(1))
  device = createDevice({ name: 'pi', broker: edge().broker })
  for (const name of ['one', 'two', 'three', 'four', 'five']) {
    const bytes = await blockPhoto(name, 'jpeg', 224)
    photos.set(name, photoHash(bytes))
    await device.send(bytes)
  }
  await eventually(async () => expect((await edge().status()).totals.uploaded).toBe(5))
})
afterAll(async () => {
  await device?.close()
  await platform?.dispose()
  await temporary.remove()
})

async function api<T>(path: string, body?: object): Promise<T> {
  const init = body && {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  }
  const response = await fetch(new URL(`/label/api${path}`, edge().gateway), init)
  if (!response.ok) expect.fail(`${path}: ${response.status} ${await response.text()}`)
  return response.json() as Promise<T>
}
const answer = (name: string, by: string, label: string | null, isNew = false) =>
  api('/answer', { photo: photo(name), by, label, isNew })
const restart = async () => {
  await edge().kill()
  await edge().restart()
}
const waiting = async () => (await edge().status()).spool['upload-sample']

it('answers given without the cloud reach it when it is back, each once, whatever was killed meanwhile', async () => {
  const samples = sampleStore(platform.store, platform.dataset)
  expect(await samples.getPhoto(photo('one'))).toBeUndefined()
  edge().cut()

  const { questions } = await api<{ questions: Question[] }>('/claim', { by: 'ana', count: 5 })
  expect(new Set(questions.map((question) => question.photo))).toEqual(new Set(photos.values()))
  expect(questions[0]).toMatchObject({ edge: 'edge-1', device: 'pi', labels: ['cat', 'dog'], second: false })
  const shown = await fetch(new URL(`/label/api/photos/${photo('one')}`, edge().gateway))
  expect(photoHash(new Uint8Array(await shown.arrayBuffer()))).toBe(photo('one'))

  await answer('one', 'ana', 'cat')
  await answer('two', 'ana', null)
  await answer('three', 'ana', 'dog')
  expect(await api('/undo', { by: 'ana' })).toEqual({ photo: photo('three') })
  await answer('four', 'ana', 'fox', true)
  await restart()
  expect(await api<LabellingState>('/state')).toMatchObject({ answered: 2, labels: ['cat', 'dog', 'fox'] })
  // A new label is on offer: what was neither of the others is asked about again.
  await answer('two', 'ana', null)
  await answer('five', 'ana', 'dog')
  expect(await api('/undo', { by: 'ana' })).toEqual({ photo: photo('five') })
  await answer('five', 'ana', 'cat')

  // Meanwhile, somebody in the cloud.
  const answers = peopleAnswers(platform.store, platform.dataset)
  const about = { photo: photo('one'), audit: false, predicted: null }
  await answers.record(about, {
    by: 'ben',
    at: new Date().toISOString(),
    label: 'dog',
    among: ['cat', 'dog'],
  })

  await restart()
  expect(await waiting()).toBeGreaterThan(0)
  edge().heal()
  await restart()
  await eventually(async () => expect(await waiting()).toBe(0))

  const said = async (name: string) =>
    (await answers.get(photo(name)))?.answers.map(({ by, label }) => `${by}: ${label}`)
  expect(await Promise.all(['one', 'two', 'three', 'four', 'five'].map(said))).toEqual([
    ['ben: dog', 'ana: cat'],
    ['ana: null'],
    [],
    ['ana: fox'],
    ['ana: cat'],
  ])
  expect(await answers.get(photo('two'))).toMatchObject({ answers: [{ among: ['cat', 'dog', 'fox'] }] })
  expect((await edge().status()).deadLetters).toBe(0)
})

it('what somebody in the cloud has said is heard of, and a third person is asked', async () => {
  await eventually(async () => expect(await api<LabellingState>('/state')).toMatchObject({ disputed: 1 }))
  const { questions } = await api<{ questions: Question[] }>('/claim', { by: 'cho', count: 5 })
  // What ana has taken back is still hers.
  expect(questions).toMatchObject([{ photo: photo('one'), second: true }])
})

it('the photos stay at the edge, pinned', async () => {
  const { pinned, disk } = await edge().status()
  expect(pinned!.bytes).toBeGreaterThan(0)
  expect(pinned!.bytes).toBeLessThan(disk!.usedBytes)
  expect(pinned!.maxBytes).toBe(Math.floor(disk!.limitBytes / 2))
  for (const hash of photos.values())
    expect(await sampleStore(platform.store, platform.dataset).getPhoto(hash)).toBeUndefined()
})

it('is told to the cloud', async () => {
  const heard: string[] = []
  const stop = platform.onEvent(({ type, data }) => {
    if (type === 'label.uploaded') heard.push(data.photo)
  })
  await answer('three', 'ana', 'cat')
  await eventually(() => expect(heard).toEqual([photo('three')]))
  stop()
})
