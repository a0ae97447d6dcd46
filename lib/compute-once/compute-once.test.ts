import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { createComputeOnce } from './index.ts'

/** Results of their keys, ended by hand. */
function work() {
  const begun: { key: string; signal: AbortSignal; end(value: string): void; fail(error: Error): void }[] = []
  const asked: boolean[] = []
  const once = createComputeOnce<string>({ keep: 2, onAsked: (known) => asked.push(known) })
  const get = (key: string, signal?: AbortSignal) =>
    once.get(
      key,
      (abandoned) =>
        new Promise((end, fail) => {
          begun.push({ key, signal: abandoned, end, fail })
        }),
      signal
    )
  return { get, begun, asked }
}

describe('what is computed once', () => {
  it('is shared while it is computed, and afterwards', async () => {
    const { get, begun, asked } = work()
    const both = Promise.all([get('a'), get('a')])
    begun[0]!.end('A')
    expect(await both).toEqual(['A', 'A'])
    expect(await get('a')).toBe('A')
    expect(begun).toHaveLength(1)
    expect(asked).toEqual([false, true, true])
  })

  it('is forgotten when so many others were asked for since', async () => {
    const { get, begun } = work()
    for (const key of ['a', 'b', 'a', 'c', 'a', 'b']) {
      const result = get(key)
      begun.at(-1)!.end(key)
      await result
    }
    expect(begun.map(({ key }) => key)).toEqual(['a', 'b', 'c', 'b'])
  })

  it('is not kept when it fails', async () => {
    const { get, begun } = work()
    const both = Promise.allSettled([get('a'), get('a')])
    begun[0]!.fail(new Error('moths'))
    expect(await both).toMatchObject([{ reason: { message: 'moths' } }, { reason: { message: 'moths' } }])
    const again = get('a')
    begun[1]!.end('A')
    expect(await again).toBe('A')
  })

  it('is given up when the last one who waits has gone, and begun anew by the next', async () => {
    const { get, begun } = work()
    const [first, second] = [new AbortController(), new AbortController()]
    const results = [get('a', first.signal), get('a', second.signal)]
    const settled = Promise.allSettled(results)
    first.abort()
    await turn()
    expect(begun[0]!.signal.aborted).toBe(false)
    second.abort()
    await settled
    expect(begun[0]!.signal.aborted).toBe(true)
    for (const result of results) await expect(result).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    const again = get('a')
    begun[0]!.fail(new Error('abandoned'))
    begun[1]!.end('A')
    expect(await again).toBe('A')
  })

  it('stays for one who waits although another has gone', async () => {
    const { get, begun } = work()
    const leaving = new AbortController()
    const gone = get('a', leaving.signal)
    const staying = get('a')
    leaving.abort()
    await expect(gone).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    begun[0]!.end('A')
    expect(await staying).toBe('A')
  })
})
