import { describe, expect, it } from 'vitest'
import type { Platform } from '../platform.ts'
import { checkPlan, type FaultPlan, parseCut, parseKill, pastFaults } from './fault-plan.ts'
import { createFaults } from './faults.ts'
import type { RunEvent } from './report.ts'

/** Two edges that only remember what happens to them, and have as many photos as they are told. */
function fakes(given: { cuts?: string[]; kills?: string[] }) {
  const plan: FaultPlan = {
    cuts: (given.cuts ?? []).map(parseCut),
    kills: (given.kills ?? []).map(parseKill),
  }
  const service = (name: string) => ({ name, running: true, kill: async () => {}, restart: async () => {} })
  const edge = (name: string) => ({
    ...service(name),
    online: true,
    totals: { captured: 8, accepted: 6, review: 2, rejected: 0, deadLettered: 0 },
    status: async function () {
      return { totals: this.totals }
    },
    cut() {
      this.online = false
    },
    heal() {
      this.online = true
    },
  })
  const edges = [edge('edge-1'), edge('edge-2')] as const
  const services = { gateway: service('gateway'), trainer: service('trainer') }
  const said: string[] = []
  const faults = createFaults(
    { edges, services, onEvent: () => () => {} } as unknown as Platform,
    plan,
    (event) => said.push(textOf(event)),
    AbortSignal.timeout(5000)
  )
  return { faults, edges, said }
}

const textOf = (event: RunEvent) =>
  'edge' in event ? `${event.event} ${event.edge}` : 'target' in event ? `${event.event} ${event.target}` : ''

describe('planned cuts', () => {
  it('of one edge that overlap are one cut', () => {
    const { faults, edges, said } = fakes({ cuts: ['edge-1:1-3', 'edge-1:2-5'] })
    const online = [1, 2, 3, 4, 5, 6].map((round) => {
      faults.beginRound(round)
      const during = edges[0].online
      faults.endRound(round)
      return during
    })
    expect(online).toEqual([false, false, false, false, false, true])
    expect(said).toEqual(['cut edge-1', 'healed edge-1'])
  })

  it('take effect in a run that goes on in the middle of them', () => {
    const { faults, edges } = fakes({ cuts: ['edge-2:3-5'] })
    faults.beginRound(4)
    expect(edges.map(({ online }) => online)).toEqual([true, false])
    faults.end()
    expect(edges[1].online).toBe(true)
  })

  it('leave alone what somebody does by hand', () => {
    const { faults, edges, said } = fakes({ cuts: ['edge-1:1-4', 'edge-2:1'] })
    faults.beginRound(1)
    edges[0].heal()
    faults.endRound(1)
    faults.beginRound(2)
    expect(edges[0].online).toBe(true)
    edges[1].cut()
    faults.endRound(2)
    faults.end()
    expect(edges[1].online).toBe(false)
    expect(said).toEqual(['cut edge-1', 'cut edge-2', 'healed edge-2'])
  })
})

describe('a planned kill', () => {
  it.each(['edge-2', 'gateway'])('of %s waits until photos are captured and undecided', async (target) => {
    const { faults, edges, said } = fakes({ kills: [`${target}:1`] })
    const killing = faults.midRound(1, new Promise(() => {}))
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(said).toEqual([])
    edges[1].totals.captured = 9
    await killing
    expect(said).toEqual([`killed ${target}`, `restarted ${target}`])
  })

  it('comes all the same where no photo came by', async () => {
    const { faults, said } = fakes({ kills: ['edge-1:1'] })
    await faults.midRound(1, Promise.resolve())
    expect(said).toEqual(['killed edge-1', 'restarted edge-1'])
  })
})

it('a plan that cannot be carried out is refused, with what could be', () => {
  const check = (cuts: string[], kills: string[], rounds?: number) => () =>
    checkPlan({ cuts: cuts.map(parseCut), kills: kills.map(parseKill) }, ['edge-1', 'edge-2'], rounds)
  expect(check(['edge-1:3-5'], ['gateway:5', 'edge-2:1'], 5)).not.toThrow()
  expect(check(['edge-3:3-5'], [])).toThrow(
    expect.objectContaining({ message: 'there is no edge-3 here', hint: 'there are: edge-1, edge-2' })
  )
  expect(check([], ['gatway:1'])).toThrow(
    expect.objectContaining({ where: '--kill gatway:1', hint: 'there are: edge-1, edge-2, gateway, trainer' })
  )
  expect(check(['edge-1:6-7'], [], 5)).toThrow(
    expect.objectContaining({ where: '--cut edge-1:6-7', hint: 'name an earlier round, or give --rounds 6' })
  )
})

it('what of a plan is past is known', () => {
  const plan = { cuts: ['edge-1:1-3', 'edge-1:2-4'].map(parseCut), kills: [parseKill('trainer:3')] }
  expect(pastFaults(plan, 4)).toEqual(['--cut edge-1:1-3', '--kill trainer:3'])
})
