import { expect, it } from 'vitest'
import type { Heartbeat } from '../../lib/edge-status/index.ts'
import type { RoundReport } from '../../platform/rounds/index.ts'
import { paint, textOf, width } from '../terminal/index.ts'
import { applyEvent, applyStatus, createLiveModel, type LiveModel } from './model.ts'
import { renderLive } from './render.ts'

const NOW = new Date('2026-01-01T12:00:00').getTime()
const SIZE = { columns: 100, rows: 30 }

const heartbeat = (overrides: Partial<Heartbeat> = {}): Heartbeat => ({
  edge: 'edge-1',
  at: '2026-01-01T12:00:00.000Z',
  gateway: 'http://127.0.0.1:8081',
  broker: 'mqtt://127.0.0.1:1883',
  link: { connected: true, since: '2026-01-01T11:00:00.000Z' },
  totals: {
    captured: 10,
    accepted: 4,
    review: 2,
    rejected: 0,
    deadLettered: 0,
    uploaded: 6,
    bytesCaptured: 0,
    bytesUploaded: 0,
  },
  spool: { classify: 3, 'upload-sample': 4 },
  parked: [],
  deadLetters: 0,
  functions: [],
  desired: { revision: null, problem: null },
  held: null,
  alarms: [],
  oversizedPackets: 0,
  memory: { rss: 1e8 },
  model: { name: 'photos', wanted: 2, serving: 2, why: null },
  ...overrides,
})

const report = (round: number, overrides: Partial<RoundReport> = {}): RoundReport => ({
  round,
  ...heartbeat().totals,
  captured: 0,
  accepted: 0,
  review: 0,
  labelsAsked: 20,
  modelVersion: 1,
  testAccuracy: 0.9,
  promoted: false,
  ...overrides,
})

function running(): LiveModel {
  const model = createLiveModel(12, NOW - 90_000)
  applyEvent(model, { event: 'started', gateway: 'http://127.0.0.1:8080', edges: [] }, NOW)
  applyStatus(model, { name: 'edge-1', online: true, running: true }, heartbeat(), NOW)
  applyStatus(model, { name: 'edge-2', online: true, running: true }, undefined, NOW)
  model.services = [
    { name: 'gateway', running: true },
    { name: 'trainer', running: true },
  ]
  return model
}

const text = (model: LiveModel, size = SIZE) => renderLive(model, size, NOW).map(textOf).join('\n')

it('says what is going on before there is anything to see', () => {
  expect(text(createLiveModel(12, NOW))).toContain('Starting the cloud and its edges')
  expect(text(running())).toContain('Getting ready')
  const model = running()
  const none = { name: 'photos', wanted: null, serving: null, why: 'there is none' }
  applyStatus(model, { name: 'edge-1', online: true, running: true }, heartbeat({ model: none }), NOW)
  expect(text(model)).toContain('Training the first model')
})

it('shows each edge with link, spool, dead letters and version', () => {
  const shown = text(running())
  expect(shown).toMatch(/▸ 1 edge-1 {2}in reach +7 +0 {2}2/)
  expect(shown).toMatch(/2 edge-2 +.* –/)
  expect(shown).toContain('g gateway runs')
  expect(shown).toContain('up 1 min')
})

it('says since when an edge is cut off or killed, and why it serves another version than it should', () => {
  const model = running()
  applyEvent(model, { event: 'cut', edge: 'edge-1' }, NOW)
  const model1 = { name: 'photos', wanted: 3, serving: 2, why: 'the registry is out of reach' }
  const status = heartbeat({ model: model1, deadLetters: 1 })
  applyStatus(model, { name: 'edge-1', online: false, running: true }, status, NOW)
  expect(text(model)).toMatch(/cut off since 12:00:00 +7 +1 {2}2, wants 3: the registry is out of reach\n/)
  expect(text(model)).toContain('c plug in')

  applyStatus(model, { name: 'edge-1', online: false, running: false }, undefined, NOW)
  const killed = text(model)
  expect(killed).toContain('killed 12:00:00')
  expect(killed).toContain('The round waits for edge-1')
  expect(killed).toContain('r restart')
})

it('tells a cloud that is gone from a cable that is cut', () => {
  const model = running()
  const link = { connected: false, since: '2026-01-01T11:59:00.000Z' }
  applyStatus(model, { name: 'edge-1', online: true, running: true }, heartbeat({ link }), NOW)
  expect(text(model)).toContain('out of reach')
})

it('shows the newest answers first, with their confidence', () => {
  const model = running()
  const answer = { event: 'answer' as const, edge: 'edge-1', online: true, device: 'camera', photo: '' }
  applyEvent(model, { ...answer, label: 'cat', confidence: 0.987 }, NOW)
  applyEvent(model, { ...answer, label: null, confidence: null }, NOW)
  applyEvent(model, { ...answer, label: 'dog', confidence: 0.6 }, NOW)
  expect(text(model)).toMatch(/dog 60 % +unreadable +cat 99 %/)
})

it('a name from elsewhere cannot move the cursor', () => {
  const model = running()
  const answer = { event: 'answer' as const, edge: 'edge-1', online: true, device: 'camera', photo: '' }
  applyEvent(model, { ...answer, label: '\x1b[2Jcat\nx', confidence: 1 }, NOW)
  const lines = renderLive(model, SIZE, NOW).map((line) => paint(line, 100, false))
  expect(lines.join('')).not.toMatch(/\p{Cc}/u)
})

it('has a bar for the round, counted in photos with an outcome and then in training', () => {
  const model = running()
  applyEvent(model, { event: 'progress', round: 1, stage: 'photos', done: 0 }, NOW)
  expect(text(model)).toMatch(/Round 1 {2}█{12}░{12} {2}50 % {2}photos/)
  applyEvent(model, { event: 'progress', round: 1, stage: 'features', done: 1 / 3 }, NOW)
  expect(text(model)).toMatch(/Round 1 {2}█{8}░{16} {2}33 % {2}training: looking at photos/)
  applyEvent(model, { event: 'round', ...report(1, { accepted: 4, review: 2 }) }, NOW)
  applyEvent(model, { event: 'progress', round: 2, stage: 'photos', done: 1 }, NOW)
  expect(text(model)).toMatch(/Round 2 {2}░{24} {3}0 %/)
})

it('counts the photos of a run that goes on from its own beginning', () => {
  const model = createLiveModel(12, NOW)
  const edge = { name: 'edge-1', online: true, running: true }
  const decided = (accepted: number) => heartbeat({ totals: { ...heartbeat().totals, accepted, review: 0 } })
  applyStatus(model, edge, decided(400), NOW)
  applyEvent(model, { event: 'progress', round: 11, stage: 'photos', done: 0 }, NOW)
  expect(text(model)).toMatch(/Round 11 .* 0 % {2}photos/)
  applyStatus(model, edge, decided(406), NOW)
  expect(text(model)).toMatch(/Round 11 .* 50 % {2}photos/)
  // Told late: measuring takes a while.
  applyEvent(model, { event: 'progress', round: 12, stage: 'photos', done: 0 }, NOW)
  applyEvent(model, { event: 'round', ...report(10, { accepted: 400 }) }, NOW)
  expect(text(model)).toMatch(/Round 12 .* 0 % {2}photos/)
})

it('asks for r only where nobody else starts it again', () => {
  const model = running()
  applyStatus(model, { name: 'edge-1', online: true, running: false }, undefined, NOW)
  applyEvent(model, { event: 'killed', target: 'edge-1', planned: true }, NOW)
  expect(text(model)).toContain('The round waits for edge-1: it comes back by itself')
  applyEvent(model, { event: 'killed', target: 'edge-1', planned: false }, NOW)
  expect(text(model)).toContain('The round waits for edge-1: select it and press r')
})

it('tells of a training that failed', () => {
  const model = running()
  applyEvent(model, { event: 'training-failed', why: 'the job was killed' }, NOW)
  expect(text(model)).toContain('the training failed: the job was killed')
})

it('has the accuracy of each version once, as a sparkline', () => {
  const model = running()
  for (const [round, modelVersion, testAccuracy] of [
    [0, 1, 0.8],
    [1, 1, 0.8],
    [2, 3, 0.9],
    [3, 4, 1],
  ] as const)
    applyEvent(model, { event: 'round', ...report(round, { modelVersion, testAccuracy }) }, NOW)
  expect(text(model)).toContain('80.0 % ▁▅█ 100.0 %  versions 1, 3, 4')
  expect(text(model)).toMatch(/\n +ROUND +ACCURACY/)
})

it.each([
  [100, 30],
  [80, 24],
  [60, 14],
  [40, 10],
  [20, 6],
  [10, 3],
])('fits %i columns and %i rows, and keeps the keys', (columns, rows) => {
  const model = running()
  for (let round = 0; round < 40; round++) applyEvent(model, { event: 'round', ...report(round) }, NOW)
  const lines = renderLive(model, { columns, rows }, NOW)
  expect(lines).toHaveLength(rows)
  for (const line of lines) expect(width(paint(line, columns, false))).toBeLessThanOrEqual(columns)
  expect(textOf(lines.at(-1)!)).toContain('select')
  if (rows >= 14) {
    expect(lines.map(textOf).join('\n')).toContain('edge-2')
    expect(lines.map(textOf).join('\n')).toMatch(/\n +39 /)
  }
})
