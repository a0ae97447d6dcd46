import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { createAdmission, type Holding } from './admission.ts'

const holds = (bytes: number) => async (holding: Holding) => {
  holding.take(bytes)
  await sleep(20)
  return bytes
}

it('lets in what there is room for, and whatever is alone', async () => {
  const { admit } = createAdmission(100)
  const first = admit(holds(1000))
  await expect(admit(holds(1))).rejects.toMatchObject({ code: 'OVERLOADED', status: 429 })
  expect(await first).toBe(1000)
  const two = [admit(holds(50)), admit(holds(50))]
  await expect(admit(holds(1))).rejects.toMatchObject({ code: 'OVERLOADED' })
  expect(await Promise.all(two)).toEqual([50, 50])
})

it('counts what has come, and what is still held', async () => {
  const { admit } = createAdmission(100)
  const idle = admit(() => sleep(20))
  const large = admit(async ({ take, keep }) => {
    take(60)
    take(60)
    keep(10)
    await sleep(20)
  })
  await admit(holds(90))
  await Promise.all([idle, large])
})

it('has room given back when the work fails', async () => {
  const { admit } = createAdmission(100)
  const failing = admit(async ({ take }) => {
    take(100)
    throw new Error('no photo')
  })
  await expect(failing).rejects.toThrow('no photo')
  expect(await admit(holds(100))).toBe(100)
})
