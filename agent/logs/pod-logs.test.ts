import { appendFile, mkdir, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { LogQuery } from '../../gateway/index.ts'
import { temporaryDirectory } from '../../test/support/index.ts'
import { podLogs } from './index.ts'

let temporary: Awaited<ReturnType<typeof temporaryDirectory>>
let stop: AbortController
let lines: string[]

beforeEach(async () => {
  temporary = await temporaryDirectory('pod-logs')
  stop = new AbortController()
  lines = []
})
afterEach(async () => {
  stop.abort()
  await temporary.remove()
})

const folder = (pod = 'one-abc', container = 'function') =>
  path.join(temporary.directory, `openfaas-fn_${pod}_0f1e`, container)
async function write(file: string, text: string, pod?: string, container?: string): Promise<void> {
  await mkdir(folder(pod, container), { recursive: true })
  await appendFile(path.join(folder(pod, container), file), text)
}
const line = (second: number, text: string, stream = 'stdout', tag = 'F') =>
  `2026-01-01T00:00:0${second}.123456789Z ${stream} ${tag} ${text}\n`
const query = (more: Partial<LogQuery> = {}): LogQuery => ({
  name: 'one',
  namespace: 'openfaas-fn',
  instance: 'one-abc',
  follow: false,
  ...more,
})

async function read(more?: Partial<LogQuery>): Promise<string[]> {
  for await (const { text } of podLogs(temporary.directory)(query(more), stop.signal)) lines.push(text)
  return lines
}
const heard = (...texts: string[]) => vi.waitFor(() => expect(lines).toEqual(texts), { timeout: 5000 })

it('reads what the present container of a pod has written', async () => {
  await write('0.log', line(1, 'before the crash'))
  await write('1.log', line(2, 'a') + line(3, 'with  spaces ', 'stderr') + line(4, ''))
  await write('0.log', line(1, 'a sidecar'), 'one-abc', 'proxy')
  await write('0.log', line(1, 'another pod'), 'one-abc-def')
  expect(await read()).toEqual(['a', 'with  spaces ', ''])
  const source = podLogs(temporary.directory)(query(), stop.signal)[Symbol.asyncIterator]()
  const { value: first } = await source.next()
  expect(first).toEqual({
    name: 'one',
    namespace: 'openfaas-fn',
    instance: 'one-abc',
    timestamp: '2026-01-01T00:00:02.123456789Z',
    text: 'a',
  })
})

it('joins lines that the runtime has cut, and passes over what is no line', async () => {
  await write(
    '0.log',
    `${line(1, 'one ', 'stdout', 'P')}${line(2, 'err', 'stderr')}nonsense\n${line(3, 'line')}`
  )
  expect(await read()).toEqual(['err', 'one line'])
})

it('reads the last lines only, or those since an instant', async () => {
  await write('0.log', [1, 2, 3, 4].map((n) => line(n, `line ${n}`)).join(''))
  expect(await read({ tail: 2 })).toEqual(['line 3', 'line 4'])
  lines = []
  expect(await read({ since: new Date('2026-01-01T00:00:03Z') })).toEqual(['line 3', 'line 4'])
})

it('has nothing of a pod that is not here, or that nobody names', async () => {
  expect(await read()).toEqual([])
  await write('0.log', line(1, 'x'))
  expect(await read({ instance: undefined })).toEqual([])
  expect(await read({ instance: '../../etc' })).toEqual([])
})

it('follows a log that grows, is renamed when it is full, and goes on after a crash', async () => {
  await write('0.log', line(1, 'old') + line(2, 'last'))
  const reading = read({ follow: true, tail: 1 })
  await heard('last')
  await write('0.log', line(3, 'grown'))
  await heard('last', 'grown')
  await write('0.log', line(4, 'half').slice(0, 20))
  await write('0.log', line(4, 'half').slice(20))
  await heard('last', 'grown', 'half')
  await rename(path.join(folder(), '0.log'), path.join(folder(), '0.log.20260101-000005'))
  await writeFile(path.join(folder(), '0.log'), line(5, 'next file'))
  await heard('last', 'grown', 'half', 'next file')
  await write('1.log', line(6, 'next container'))
  await heard('last', 'grown', 'half', 'next file', 'next container')
  stop.abort()
  await reading
})

it('waits for a log that is not there yet', async () => {
  const reading = read({ follow: true })
  await write('0.log', line(1, 'first'))
  await heard('first')
  stop.abort()
  await reading
})
