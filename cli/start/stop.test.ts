import { once } from 'node:events'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { temporaryDirectory } from '../../test/support/index.ts'

const script = fileURLToPath(new URL('../../scripts/start.mjs', import.meta.url))

let temporary: Awaited<ReturnType<typeof temporaryDirectory>>
beforeEach(async () => {
  temporary = await temporaryDirectory('stop')
})
afterEach(() => temporary.remove())

const startPlatform = () =>
  execa(process.execPath, [script, '--json', '--state', path.join(temporary.directory, 'state')], {
    reject: false,
    buffer: false,
    stderr: 'inherit',
  })

describe('a stopped platform', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('ends in good order at %s', async (signal) => {
    const running = startPlatform()
    const [line] = (await once(createInterface({ input: running.stdout }), 'line')) as [string]
    const { gateway } = JSON.parse(line) as { gateway: string }
    running.kill(signal)
    expect(await running).toMatchObject({ exitCode: 0 })
    expect(existsSync(path.join(temporary.directory, 'state', 'platform.json'))).toBe(false)
    await expect(fetch(gateway)).rejects.toThrow()
  })

  it('ends in good order while it is still starting', async () => {
    const running = startPlatform()
    const locked = path.join(temporary.directory, 'state', 'lock')
    while (!existsSync(locked)) await sleep(20)
    running.kill('SIGINT')
    expect(await running).toMatchObject({ exitCode: 0 })
    expect(existsSync(locked)).toBe(false)
  })
})
