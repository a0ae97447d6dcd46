import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { openDatabase } from '../database/index.ts'
import { createSpool } from './index.ts'

const CHILD = fileURLToPath(new URL('poison-child.ts', import.meta.url))

it('an entry that kills the process does so eight times, and takes no other one along', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'edgeloop-poison-'))
  const open = async () => {
    const database = await openDatabase(directory)
    return { database, spool: createSpool(database, 'poison', z.string()) }
  }
  const first = await open()
  const payloads = ['a', 'b', 'poison', 'c', 'd', 'e']
  await first.spool.enqueue(payloads.map((payload) => ({ queue: 'q', payload })))
  await first.database.close()

  const ends: unknown[] = []
  while (ends.length < 12 && ends.at(-1) !== 0) {
    const child = spawn(process.execPath, ['--import', 'tsx', CHILD, directory], { stdio: 'inherit' })
    const [code, signal] = await once(child, 'close')
    ends.push(signal ?? code)
  }
  expect(ends).toEqual([...Array(8).fill('SIGKILL'), 0])

  const { database, spool } = await open()
  expect(spool.depth('q')).toMatchObject({ queued: 0, dead: 1 })
  expect(spool.deadLetters.list()).toMatchObject([
    { payload: 'poison', attempts: 8, lastError: expect.stringContaining('the process ended 8 times') },
  ])
  await database.close()
  await rm(directory, { recursive: true, force: true })
}, 120_000)
