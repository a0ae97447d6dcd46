import { rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { temporaryDirectory } from '../../test/support/index.ts'
import { type Service, type ServiceOptions, startService } from './index.ts'

const main = fileURLToPath(new URL('moody.fixture.ts', import.meta.url))
const eventually = (check: () => unknown) => vi.waitFor(check, { timeout: 20_000, interval: 50 })

let temporary: Awaited<ReturnType<typeof temporaryDirectory>>
let file: string
let pid = 0
const services: Service[] = []
const complaints = vi.spyOn(console, 'error')
beforeEach(async () => {
  temporary = await temporaryDirectory('service')
  file = path.join(temporary.directory, 'needed')
  await writeFile(file, '')
  complaints.mockReset().mockImplementation(() => {})
})
afterEach(async () => {
  await Promise.all(services.splice(0).map((service) => service.close()))
  await temporary.remove()
})

async function start(
  environment: Record<string, string>,
  more: Partial<ServiceOptions<{ pid: number }>> = {}
) {
  const service = await startService({
    name: 'moody',
    main,
    environment: () => environment,
    ready: z.object({ pid: z.number() }),
    onReady: (ready) => {
      pid = ready.pid
    },
    restartMs: 50,
    ...more,
  })
  services.push(service)
  return service
}
const said = () => complaints.mock.calls.map(([line]) => String(line))

it('that ended by itself is tried until it starts, and says what is in its way', async () => {
  const service = await start({ NEEDS: file })
  await rename(file, `${file}.away`)
  process.kill(pid, 'SIGKILL')
  await eventually(() =>
    expect(said()).toEqual([
      'moody ended by itself (SIGKILL); it is started again',
      'moody does not start: the file is gone; here; put it back; the next attempt comes in 0.1 s',
      'moody does not start: the file is gone; here; put it back; the next attempt comes in 0.2 s',
    ])
  )
  await rename(`${file}.away`, file)
  await eventually(() => expect(service.running).toBe(true))
})

it('that ended because everything ends says nothing, and stays away', async () => {
  const stopping = new AbortController()
  const service = await start({ NEEDS: file }, { signal: stopping.signal })
  // As when SIGTERM goes to a whole group of processes.
  process.kill(pid, 'SIGTERM')
  stopping.abort()
  await eventually(() => expect(service.running).toBe(false))
  await new Promise((resolve) => setTimeout(resolve, 200))
  expect([service.running, said()]).toEqual([false, []])
})

it('that does not get ready ends with what it waits for', async () => {
  await expect(start({ SILENT: '1' }, { readyMs: 1500, waitsFor: 'a word' })).rejects.toMatchObject({
    code: 'TIMEOUT',
    message: 'moody still waits for a word after 1.5 s',
    where: 'moody',
  })
})
