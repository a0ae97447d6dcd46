import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { createAlarm, withDeadline } from './index.ts'

describe('an alarm', () => {
  it('ends the pause when it rings, and the next one when it has rung before', async () => {
    const alarm = createAlarm()
    const started = performance.now()
    const waiting = alarm.wait(60_000)
    alarm.ring()
    await waiting
    alarm.ring()
    await alarm.wait(60_000)
    expect(performance.now() - started).toBeLessThan(5_000)
  })

  it('that rang once lets one pause pass, not two', async () => {
    const alarm = createAlarm()
    alarm.ring()
    alarm.ring()
    await alarm.wait(60_000)
    const started = performance.now()
    await alarm.wait(30)
    expect(performance.now() - started).toBeGreaterThan(20)
  })
})

describe('a deadline', () => {
  it('gives what the work gives, and leaves nothing at the signal', async () => {
    const { signal } = new AbortController()
    expect(await withDeadline(signal, 1000, async () => 'done')).toBe('done')
    await expect(withDeadline(signal, 1000, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  })

  it('ends work that takes too long, whether it listens or not', async () => {
    const { signal } = new AbortController()
    let told: AbortSignal | undefined
    const deaf = (own: AbortSignal) => {
      told = own
      return new Promise(() => {})
    }
    await expect(withDeadline(signal, 20, deaf)).rejects.toMatchObject({ code: 'TIMEOUT' })
    expect(told?.aborted).toBe(true)
  })

  it('ends it when the signal fires, or has fired before', async () => {
    const stop = new AbortController()
    const working = withDeadline(stop.signal, 60_000, () => new Promise(() => {}))
    stop.abort(new Error('stopped'))
    await expect(working).rejects.toThrow('stopped')
    await expect(withDeadline(stop.signal, 60_000, async () => 'done')).rejects.toThrow('stopped')
  })
})
