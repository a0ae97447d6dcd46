import { expect, it } from 'vitest'
import { watchDisk } from './watch-disk.ts'

it('says once that the disk is full, and once that there is room again', async () => {
  const said: string[] = []
  let free = 100 * 2 ** 20
  let looked = 0
  const freeOf = async () => {
    looked++
    return free
  }
  const looks = async (count: number) => {
    const until = looked + count
    await expect.poll(() => looked).toBeGreaterThanOrEqual(until)
  }
  const stop = watchDisk('/data', (text) => said.push(text), { lookMs: 2, freeOf })
  try {
    await looks(3)
    expect(said).toEqual([])
    free = 3_500_000
    await looks(5)
    expect(said).toEqual([expect.stringMatching(/^the disk is full: 3 MiB are left at \/data; free/)])
    free = 50 * 2 ** 20
    await looks(5)
    expect(said.slice(1)).toEqual(['there is room again: 50 MiB at /data'])
  } finally {
    stop()
  }
})
