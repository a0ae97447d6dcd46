import { expect, it } from 'vitest'
import handler from './handler.ts'

it('answers with what it was sent', async () => {
  const response = await handler.request('/', { method: 'POST', body: 'hello' })
  expect([response.status, await response.text()]).toEqual([200, 'You said: hello'])
})
