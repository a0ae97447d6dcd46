import { createHash, randomFillSync } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { freePort } from '../../platform/ports/index.ts'
import { temporaryDirectory } from '../../test/support/index.ts'
import { type LocalGateway, openLocalGateway } from '../local-gateway.fixture.ts'
import { deliveries } from './counting.fixture.ts'

const CHILD = fileURLToPath(new URL('crash-child.ts', import.meta.url))
const CALLS = 1000
const BYTES = 2_000_000
const KILLS = 3
/** How many calls of a function the gateway has under way: so many may be made again after each kill. */
const CONCURRENCY = 8

let temporary: Awaited<ReturnType<typeof temporaryDirectory>>
/** Where the function is, which goes on living. */
let functions: LocalGateway
let url: string
let child: ReturnType<typeof start>

const start = () =>
  execa(process.execPath, ['--import', 'tsx', CHILD, temporary.directory, functions.url, new URL(url).port], {
    reject: false,
    buffer: false,
    stderr: 'inherit',
  })

beforeEach(async () => {
  temporary = await temporaryDirectory('async-crash')
  const handler = fileURLToPath(new URL('counting.fixture.ts', import.meta.url))
  functions = await openLocalGateway({ handlers: new Map([['count', handler]]) })
  await functions.provider.deploy({ service: 'count', image: 'x' })
  url = `http://127.0.0.1:${await freePort('127.0.0.1')}`
  child = start()
  await isUp()
})
afterEach(async () => {
  child.kill('SIGKILL')
  await child
  await functions.close()
  await temporary.remove()
})

/** Up, and it has learnt which functions there are. */
const isUp = () =>
  vi.waitFor(
    async () => {
      const { body } = await fetch(`${url}/async-function/nobody`, { method: 'POST' }).catch(() => ({
        body: null,
      }))
      expect(body).not.toBeNull()
      await expect(queued()).resolves.toBeTypeOf('number')
    },
    { timeout: 30_000 }
  )

async function queued(): Promise<number> {
  const { functions } = await (await fetch(`${url}/system/async`)).json()
  return functions[0]?.queued ?? 0
}

/** Sends it until it has been taken, as a caller does that wants it done. @returns its id in the queue */
async function call(i: number, body: Uint8Array): Promise<string> {
  for (;;) {
    const headers = { 'X-Call-Id': `call-${i}`, 'Idempotency-Key': `call-${i}` }
    const response = await fetch(`${url}/async-function/count`, {
      method: 'POST',
      body: Buffer.from(body),
      headers,
    }).catch(() => undefined)
    if (response?.status === 202) return `call-${i}`
    await sleep(100)
  }
}

it(`${CALLS} calls of 2 MB outlive a gateway that is killed: none is lost, and only those under way are made again`, async () => {
  const hashes = new Map<string, string>()
  let next = 0
  const callers = Array.from({ length: 4 }, async () => {
    for (let i = next++; i < CALLS; i = next++) {
      const body = randomFillSync(new Uint8Array(BYTES))
      hashes.set(await call(i, body), createHash('sha256').update(body).digest('hex'))
    }
  })
  for (let kill = 1; kill <= KILLS; kill++) {
    await vi.waitFor(() => expect(deliveries.size).toBeGreaterThan((CALLS * kill) / (KILLS + 1) / 1.5), {
      timeout: 120_000,
    })
    child.kill('SIGKILL')
    await child
    child = start()
    await isUp()
  }
  await Promise.all(callers)
  await vi.waitFor(async () => expect(await queued()).toBe(0), { timeout: 300_000, interval: 200 })

  expect(new Map([...deliveries].map(([id, { hash }]) => [id, hash]))).toEqual(hashes)
  const extra = [...deliveries.values()].reduce((sum, { times }) => sum + times - 1, 0)
  console.log(`${CALLS} calls, ${KILLS} kills, ${extra} made again`)
  expect(extra).toBeLessThanOrEqual(KILLS * CONCURRENCY)
  const { bytes } = await (await fetch(`${url}/system/async`)).json()
  expect(bytes).toBe(0)
}, 600_000)
