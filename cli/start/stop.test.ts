import { once } from 'node:events'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { childrenOf, temporaryDirectory } from '../../test/support/index.ts'

const script = fileURLToPath(new URL('../../scripts/start.mjs', import.meta.url))
/** Stopping takes some seconds at most, starting longer on a loaded machine. */
const STOP_MS = 20_000
const TIMEOUT_MS = 90_000

let temporary: Awaited<ReturnType<typeof temporaryDirectory>>
let running: ReturnType<typeof startPlatform>
beforeEach(async () => {
  temporary = await temporaryDirectory('stop')
})
afterEach(async () => {
  running.kill('SIGKILL')
  await running
  await temporary.remove()
})

const startPlatform = (...options: string[]) =>
  execa(
    process.execPath,
    [script, '--json', '--state', path.join(temporary.directory, 'state'), ...options],
    { reject: false, buffer: false, stderr: 'inherit' }
  )
const inState = (name: string) => path.join(temporary.directory, 'state', name)
const firstLine = async () =>
  ((await once(createInterface({ input: running.stdout }), 'line')) as [string])[0]

/** Rejects where it does not end in time. */
async function ended(): Promise<unknown> {
  const late = sleep(STOP_MS, 'still running', { ref: false })
  return Promise.race([running, late])
}

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe('a stopped platform', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)(
    'ends in good order at %s',
    async (signal) => {
      running = startPlatform()
      const { gateway } = JSON.parse(await firstLine()) as { gateway: string }
      const children = await childrenOf(running.pid!, 'main.ts')
      expect(children.length).toBeGreaterThanOrEqual(4)
      running.kill(signal)
      expect(await ended()).toMatchObject({ exitCode: 0 })
      expect(existsSync(inState('platform.json'))).toBe(false)
      expect(children.filter(isAlive)).toEqual([])
      await expect(fetch(gateway)).rejects.toThrow()
    },
    TIMEOUT_MS
  )

  it(
    'ends in good order while it is still starting',
    async () => {
      running = startPlatform()
      while (!existsSync(inState('lock'))) await sleep(20)
      let children: number[] = []
      while (children.length === 0) children = await childrenOf(running.pid!, 'main.ts')
      running.kill('SIGINT')
      expect(await ended()).toMatchObject({ exitCode: 0 })
      expect(existsSync(inState('lock'))).toBe(false)
      expect(children.filter(isAlive)).toEqual([])
    },
    TIMEOUT_MS
  )

  it(
    'ends when nobody reads what it prints any more',
    async () => {
      running = startPlatform()
      await firstLine()
      running.stdout.destroy()
      // It hears of that when it has something to say.
      expect(await running).toMatchObject({ exitCode: 0 })
      expect([existsSync(inState('lock')), existsSync(inState('platform.json'))]).toEqual([false, false])
    },
    TIMEOUT_MS
  )
})
