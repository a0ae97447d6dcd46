import type { Heartbeat } from '../../agent/index.ts'
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
  /** Photos in a round, over all edges. */
  perRound: number
  round: number
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
    perRound,
    round: 0,
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
      model.round = event.round
      model.stage = { name: event.stage, done: event.done }
      break
    case 'answer': {
      const edge = model.edges.find(({ name }) => name === event.edge)
      edge?.answers.unshift(event)
      edge?.answers.splice(ANSWERS)
      // The first photo of a round is answered before anything else is heard of it.
      if (model.stage?.name !== 'photos') model.stage = { name: 'photos', done: 0 }
      break
    }
    case 'judged':
      model.judged = event
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
export function photosDone({ edges, rounds, perRound }: LiveModel): number {
  const decided = ({ accepted, review, rejected, deadLettered }: RoundReport | Heartbeat['totals']) =>
    accepted + review + rejected + deadLettered
  const before = rounds.length > 0 ? decided(rounds.at(-1)!) : 0
  const now = edges.reduce((sum, { heartbeat }) => sum + (heartbeat ? decided(heartbeat.totals) : 0), 0)
  return Math.min(1, Math.max(0, (now - before) / perRound))
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
