import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Desired, desired } from '../../lib/edge-configuration/index.ts'
import { createUplinkPolicy } from './index.ts'

type Wish = Pick<Desired, 'bandwidth' | 'quietHours'>

const wish = (given: object): Wish => desired.parse({ revision: 1, ...given })
const quiet = (times: string | string[], timeZone = 'Europe/Berlin') =>
  wish({ quietHours: { times, timeZone } })
const forever = new AbortController().signal

describe('quiet hours', () => {
  const heldAt = (given: Wish, at: string) =>
    createUplinkPolicy({ desired: () => given, clock: () => Date.parse(at) }).held()

  it('hold by the clock on the wall, over midnight, from the first minute up to the last one', () => {
    const night = quiet('22:00-06:00')
    const until = (at: string) => heldAt(night, at)?.until
    expect(until('2026-01-10T20:59:59.999Z')).toBeUndefined()
    expect(until('2026-01-10T21:00:00Z')).toBe('2026-01-11T05:00:00.000Z')
    expect(until('2026-01-11T04:59:59Z')).toBe('2026-01-11T05:00:00.000Z')
    expect(until('2026-01-11T05:00:00Z')).toBeUndefined()
    // In summer the same hours are other instants.
    expect(until('2026-07-10T20:30:00Z')).toBe('2026-07-11T04:00:00.000Z')
  })

  it('may be several, one after the other, and all day', () => {
    const two = quiet(['08:00-12:00', '12:00-17:30'])
    expect(heldAt(two, '2026-01-10T08:00:00Z')?.until).toBe('2026-01-10T16:30:00.000Z')
    expect(heldAt(quiet('00:00-24:00'), '2026-01-10T08:00:00Z')).toEqual({ why: 'quiet hours', until: null })
  })

  it('take an hour less in the night when clocks go forward', () => {
    // At 01:00 UTC, 02:00 becomes 03:00.
    expect(heldAt(quiet('01:00-04:00'), '2026-03-29T00:30:00Z')?.until).toBe('2026-03-29T02:00:00.000Z')
    // 02:30 does not exist: it ends where the clock jumps over it.
    expect(heldAt(quiet('01:00-02:30'), '2026-03-29T00:30:00Z')?.until).toBe('2026-03-29T01:00:00.000Z')
    // What lies in the hour that does not exist, does not hold.
    expect(heldAt(quiet('02:10-02:50'), '2026-03-29T01:00:00Z')).toBeNull()
  })

  it('take an hour more in the night when clocks go back', () => {
    // At 01:00 UTC, 03:00 becomes 02:00.
    expect(heldAt(quiet('01:00-04:00'), '2026-10-24T23:30:00Z')?.until).toBe('2026-10-25T03:00:00.000Z')
    // The hour from 02:00 comes twice, and holds twice.
    const half = quiet('02:00-02:30')
    expect(heldAt(half, '2026-10-25T00:10:00Z')?.until).toBe('2026-10-25T00:30:00.000Z')
    expect(heldAt(half, '2026-10-25T00:40:00Z')).toBeNull()
    expect(heldAt(half, '2026-10-25T01:10:00Z')?.until).toBe('2026-10-25T01:30:00.000Z')
  })

  it('are right in zones off by half hours and across the date line', () => {
    expect(heldAt(quiet('22:00-06:00', 'Asia/Kolkata'), '2026-01-10T16:30:00Z')?.until).toBe(
      '2026-01-11T00:30:00.000Z'
    )
    expect(heldAt(quiet('22:00-06:00', 'Pacific/Apia'), '2026-01-10T09:00:00Z')?.until).toBe(
      '2026-01-10T17:00:00.000Z'
    )
  })
})

describe('what wants to go up', () => {
  let wanted: Wish | undefined
  let admitted: { bytes: number; at: number }[]
  let policy: ReturnType<typeof createUplinkPolicy>
  const began = Date.parse('2026-01-10T12:00:00Z')

  beforeEach(() => {
    vi.useFakeTimers({ now: began, toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] })
    wanted = undefined
    admitted = []
    policy = createUplinkPolicy({ desired: () => wanted })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  const admit = (bytes: number, signal = forever) => {
    const from = performance.now()
    return policy.admit(bytes, signal).then(() => {
      admitted.push({ bytes, at: Math.round(performance.now() - from) })
    })
  }

  it('goes at once where nothing is wished', async () => {
    await Promise.all([admit(1e9), admit(1e9)])
    expect(admitted.map(({ at }) => at)).toEqual([0, 0])
  })

  it('goes no faster than is wished, in order, whatever its size', async () => {
    wanted = wish({ bandwidth: 10_000 })
    const all = Promise.all([admit(5000), admit(40_000), admit(10_000), admit(0)])
    await vi.advanceTimersByTimeAsync(10_000)
    await all
    expect(admitted.map(({ bytes }) => bytes)).toEqual([5000, 40_000, 10_000, 0])
    expect(admitted.map(({ at }) => at / 1000)).toEqual([0, 0.5, 4.5, 5.5])
  })

  it('may use at once what was not used for a moment, and no more', async () => {
    wanted = wish({ bandwidth: 10_000 })
    await admit(0)
    await vi.advanceTimersByTimeAsync(3_600_000)
    const all = Promise.all([admit(20_000), admit(1), admit(1)])
    await vi.advanceTimersByTimeAsync(1000)
    await all
    expect(admitted.slice(1).map(({ at }) => at)).toEqual([0, 0, 1])
  })

  it('goes by a new wish within a moment', async () => {
    wanted = wish({ bandwidth: 1024 })
    const all = Promise.all([admit(10_000_000), admit(1)])
    await vi.advanceTimersByTimeAsync(60_000)
    expect(admitted).toHaveLength(1)
    wanted = undefined
    await vi.advanceTimersByTimeAsync(15_000)
    await all
    expect(admitted).toHaveLength(2)
  })

  it('waits through quiet hours, also when the clock is set meanwhile', async () => {
    wanted = quiet('12:00-20:00')
    let done = false
    const waiting = admit(1).then(() => {
      done = true
    })
    await vi.advanceTimersByTimeAsync(6 * 3_600_000)
    expect(done).toBe(false)
    // Back by an hour, and then to the right time.
    vi.setSystemTime('2026-01-10T13:00:00Z')
    await vi.advanceTimersByTimeAsync(60_000)
    expect(done).toBe(false)
    vi.setSystemTime('2026-01-10T19:00:00Z')
    await vi.advanceTimersByTimeAsync(15_000)
    await waiting
    expect(policy.held()).toBeNull()
  })

  it('is no faster and no slower for a clock that is set', async () => {
    wanted = wish({ bandwidth: 10_000 })
    const all = Promise.all([admit(50_000), admit(1)])
    await vi.advanceTimersByTimeAsync(1000)
    vi.setSystemTime('2036-01-01T00:00:00Z')
    await vi.advanceTimersByTimeAsync(1000)
    expect(admitted).toHaveLength(1)
    vi.setSystemTime('2016-01-01T00:00:00Z')
    await vi.advanceTimersByTimeAsync(3000)
    await all
    expect(admitted[1]).toEqual({ bytes: 1, at: 5000 })
  })

  it('can be called off, which keeps nobody waiting', async () => {
    wanted = wish({ bandwidth: 10_000 })
    const stop = new AbortController()
    const first = admit(10_000)
    const second = admit(1_000_000, stop.signal)
    const third = admit(10)
    const refusal = expect(second).rejects.toThrow('no longer')
    stop.abort(new Error('no longer'))
    await vi.advanceTimersByTimeAsync(1000)
    await Promise.all([first, refusal, third])
    expect(admitted.map(({ bytes }) => bytes)).toEqual([10_000, 10])
  })
})
