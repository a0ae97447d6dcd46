import { expect, it } from 'vitest'
import { waitFor } from './wait.ts'

const never = () => new Promise<never>(() => {})

it('lets go of what never answers when it is told to stop', async () => {
  const stopping = new AbortController()
  const waiting = waitFor(never, stopping.signal)
  stopping.abort(new Error('stopped'))
  await expect(waiting).rejects.toThrow('stopped')
})
