import type { Heartbeat } from '../../lib/edge-status/index.ts'
import type { DeviceAnswer, RoundReport, RunEvent } from '../../platform/rounds/index.ts'

/** Answers of an edge that are remembered. */
const ANSWERS = 6

/** What is known of an edge. */
export interface EdgeModel {
  name: string
  /** Whether its links are whole. */
  online: boolean
  running: boolean
  /** When link or process came to be as they are, in ms since 1970. */
  since: number
  /** The last thing that its agent said; undefined before the first. */
  heartbeat: Heartbeat | undefined
  /** The newest first. */
  answers: Pick<DeviceAnswer, 'label' | 'confidence'>[]
}

/** What the live view shows. */
export interface LiveModel {
  /** In ms since 1970. */
  startedAt: number
  gateway: string | undefined
  edges: EdgeModel[]
  /** The cloud's processes. */
  services: { name: string; running: boolean }[]
  /** What was killed by hand: everything else comes back by itself. */
  killed: Set<string>
  /** Photos in a round, over all edges. */
  perRound: number
  round: number
  /** How many photos had their outcome when the round began; undefined as long as an edge has not said. */
  before: number | undefined
  /** What the loop is at; undefined before it turns. */
  stage: { name: string; done: number } | undefined
  rounds: RoundReport[]
  judged: { version: number; verdict: string; why: string } | undefined
  /** Remarks, the newest last. */
  notes: string[]
  /** Index into the edges and, after these, the services. */
  selected: number
}

export function createLiveModel(perRound: number, now: number): LiveModel {
  return {
    startedAt: now,
    gateway: undefined,
    edges: [],
    services: [],
    killed: new Set(),
    perRound,
    round: 0,
    before: undefined,
    stage: undefined,
    rounds: [],
    judged: undefined,
    notes: [],
    selected: 0,
  }
}

/** Takes in what the run says. */
export function applyEvent(model: LiveModel, event: RunEvent, now: number): void {
  switch (event.event) {
    case 'started':
      model.gateway = event.gateway
      model.stage = undefined
      break
    case 'progress':
      if (event.round !== model.round) model.before = undefined
      model.round = event.round
      keepBefore(model)
      model.stage = { name: event.stage, done: event.done }
      break
    case 'answer': {
      const edge = model.edges.find(({ name }) => name === event.edge)
      edge?.answers.unshift(event)
      edge?.answers.splice(ANSWERS)
      break
    }
    case 'judged':
      model.judged = event
      break
    case 'training-failed':
      note(model, `the training failed: ${event.why}`)
      break
    case 'round':
      model.rounds.push(event)
      break
    case 'cut':
      note(model, `${event.edge} is cut off from the cloud`)
      break
    case 'healed':
      note(model, `${event.edge} is in the cloud's reach again`)
      break
    case 'killed':
    case 'restarted':
      note(model, `${event.target} was ${event.event}`)
      if (event.event === 'killed' && !event.planned) model.killed.add(event.target)
      else model.killed.delete(event.target)
      break
    case 'remark':
      note(model, event.text)
      break
  }
  if (event.event === 'cut' || event.event === 'healed') touch(model, event.edge, now)
  if (event.event === 'killed' || event.event === 'restarted') touch(model, event.target, now)
}

/** Takes in what an edge says, and how its link and its process are. */
export function applyStatus(
  model: LiveModel,
  { name, online, running }: Pick<EdgeModel, 'name' | 'online' | 'running'>,
  heartbeat: Heartbeat | undefined,
  now: number
): void {
  let edge = model.edges.find((known) => known.name === name)
  if (!edge) {
    edge = { name, online, running, since: now, heartbeat, answers: [] }
    model.edges.push(edge)
  }
  if (edge.online !== online || edge.running !== running) edge.since = now
  Object.assign(edge, { online, running, heartbeat: heartbeat ?? edge.heartbeat })
  keepBefore(model)
}

const NOTES = 20

export function note(model: LiveModel, text: string): void {
  model.notes.push(text)
  if (model.notes.length > NOTES) model.notes.shift()
}

function touch(model: LiveModel, name: string, now: number): void {
  const edge = model.edges.find((known) => known.name === name)
  if (edge) edge.since = now
}

/** The share of the round's photos that have their outcome, 0 to 1, from what the edges have decided so far. */
export function photosDone({ edges, rounds, perRound, before }: LiveModel): number {
  const told = rounds.length > 0 ? decidedOf(rounds.at(-1)!) : 0
  return Math.min(1, Math.max(0, (decidedAt(edges) - (before ?? told)) / perRound))
}

/** Photos that other devices send are not told from the round's. */
function keepBefore(model: LiveModel): void {
  const known = model.edges.length > 0 && model.edges.every(({ heartbeat }) => heartbeat)
  if (known) model.before ??= decidedAt(model.edges)
}

function decidedAt(edges: readonly EdgeModel[]): number {
  return edges.reduce((sum, { heartbeat }) => sum + (heartbeat ? decidedOf(heartbeat.totals) : 0), 0)
}

function decidedOf({ accepted, review, rejected, deadLettered }: Heartbeat['totals']): number {
  return accepted + review + rejected + deadLettered
}

/** Each version that served at the end of a round with its share of the test photos right, in order. */
export function accuracies({ rounds }: LiveModel): { version: number; accuracy: number }[] {
  const byVersion = new Map(rounds.map(({ modelVersion, testAccuracy }) => [modelVersion, testAccuracy]))
  return [...byVersion].sort(([a], [b]) => a - b).map(([version, accuracy]) => ({ version, accuracy }))
}

/** What is selected: an edge, or a process of the cloud. */
export function selection(model: LiveModel): { name: string; edge: boolean } | undefined {
  const { edges, services, selected } = model
  const edge = edges[selected]
  if (edge) return { name: edge.name, edge: true }
  const service = services[selected - edges.length]
  return service && { name: service.name, edge: false }
}
