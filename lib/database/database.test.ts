import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { open } from 'lmdb'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type Database, openDatabase } from './index.ts'

const schema = z.object({ text: z.string(), bytes: z.instanceof(Uint8Array).optional() })
let directory: string
let database: Database

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'edgeloop-database-'))
  database = await openDatabase(directory)
})
afterEach(async () => {
  await database.close()
  await rm(directory, { recursive: true, force: true })
})

describe('a transaction', () => {
  it('writes several tables as one', async () => {
    const a = database.table('a', schema)
    const b = database.table('b', schema)
    const size = await database.transaction(() => {
      b.putSync('y', { text: 'b', bytes: Uint8Array.of(1, 2) })
      return a.putSync(['x', 1], { text: 'a' })
    })
    expect(size).toBeGreaterThan(4)
    expect(a.read(['x', 1])).toEqual({ value: { text: 'a' }, size })
    expect([...b.get('y')!.bytes!]).toEqual([1, 2])
  })

  it('keeps nothing when its work throws, and leaves the others of the moment alone', async () => {
    const table = database.table('a', schema)
    const hooks: string[] = []
    const results = await Promise.allSettled(
      ['one', 'bad', 'two'].map((name) =>
        database.transaction(() => {
          table.putSync(name, { text: name })
          database.afterCommit(() => hooks.push(name))
          if (name === 'bad') throw new Error('no')
        })
      )
    )
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(['one', 'bad', 'two'].map((name) => table.has(name))).toEqual([true, false, true])
    expect(hooks).toEqual(['one', 'two'])
  })

  it('refuses asynchronous work and keeps nothing of it', async () => {
    const table = database.table('a', schema)
    const work = async () => table.putSync('k', { text: 'x' })
    await expect(database.transaction(work)).rejects.toThrow(/synchronous/)
    expect(table.has('k')).toBe(false)
  })

  it('sees its own writes, and others see them when it is done', async () => {
    const table = database.table('a', schema)
    await database.transaction(() => {
      table.putSync('k', { text: 'x' })
      expect(table.get('k')).toEqual({ text: 'x' })
      expect(table.removeSync('k')).toBe(true)
      expect(table.removeSync('k')).toBe(false)
      table.putSync('k', { text: 'y' })
    })
    expect(table.get('k')).toEqual({ text: 'y' })
  })

  it('is needed for every synchronous write', () => {
    const table = database.table('a', schema)
    expect(() => table.putSync('k', { text: 'x' })).toThrow(/outside of a transaction/)
    expect(() => table.removeSync('k')).toThrow(/outside of a transaction/)
  })

  it('is refused once the database is closed, which waits for the ones before', async () => {
    const table = database.table('a', schema)
    const before = database.transaction(() => table.putSync('k', { text: 'x' }))
    const closing = database.close()
    await expect(database.transaction(() => {})).rejects.toThrow(/closed/)
    await closing
    await before
    database = await openDatabase(directory)
    expect(database.table('a', schema).get('k')).toEqual({ text: 'x' })
  })
})

describe('a table', () => {
  it('lists keys in order, both ways, from included and to excluded', async () => {
    const table = database.table('a', schema)
    const all = [
      ['a', 1],
      ['a', 2],
      ['a', 10],
      ['b', 1],
    ] as const
    await database.transaction(() => {
      for (const key of all) table.putSync([...key], { text: '' })
    })
    const range = { from: ['a', 1], to: ['a', 10] }
    expect([...table.keys(range)]).toEqual([
      ['a', 1],
      ['a', 2],
    ])
    expect([...table.keys({ ...range, reverse: true })]).toEqual([
      ['a', 2],
      ['a', 1],
    ])
    expect([...table.keys({ reverse: true, limit: 1 })]).toEqual([['b', 1]])
    expect([...table.keys()]).toHaveLength(4)
    expect(table.count()).toBe(4)
  })

  it('reports flipped bits and foreign shapes as corrupt', async () => {
    const table = database.table('a', schema)
    await database.transaction(() => {
      table.putSync('flipped', { text: 'x' })
      database.table('a', z.unknown()).putSync('foreign', { number: 1 })
    })
    await database.close()
    const root = open({ path: directory, overlappingSync: false, maxDbs: 64 })
    const raw = root.openDB<Buffer, string>({ name: 'a', encoding: 'binary' })
    const bytes = Buffer.from(raw.get('flipped')!)
    bytes[bytes.length - 1]! ^= 1
    await raw.put('flipped', bytes)
    await raw.put('short', Buffer.of(1))
    await root.close()

    database = await openDatabase(directory)
    const again = database.table('a', schema)
    expect(again.read('flipped')).toMatchObject({ why: 'checksum does not match' })
    expect(again.read('foreign')).toMatchObject({ why: expect.stringContaining('text') })
    expect(again.read('short')).toMatchObject({ why: 'cut off' })
    expect(again.get('flipped')).toBeUndefined()
  })
})
