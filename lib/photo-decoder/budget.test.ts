import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { createBudget } from './budget.ts'

it('runs side by side what fits, in the order of asking, and gives back what failed', async () => {
  const budget = createBudget(10)
  const begun: number[] = []
  let used = 0
  let most = 0
  const work = (amount: number) =>
    budget.use(amount, async () => {
      begun.push(amount)
      used += amount
      most = Math.max(most, used)
      await sleep(2)
      used -= amount
      if (amount === 6) throw new Error('no')
      return amount
    })
  const asked = [4, 6, 5, 10, 1, 1]
  const results = await Promise.allSettled(asked.map(work))
  expect(results.map(({ status }) => status)).toEqual(asked.map((n) => (n === 6 ? 'rejected' : 'fulfilled')))
  expect(begun).toEqual(asked)
  expect(most).toBe(10)
})

it('gives what is larger than the whole all of it', async () => {
  const budget = createBudget(10)
  const order: string[] = []
  const small = budget.use(1, async () => order.push('small'))
  const large = budget.use(99, async () => order.push('large'))
  const after = budget.use(1, async () => order.push('after'))
  await Promise.all([small, large, after])
  expect(order).toEqual(['small', 'large', 'after'])
})
