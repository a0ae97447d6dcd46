/**
 * For tests: a service that starts only while a file is there, and can be told never to say a word.
 * @module
 */
import { access } from 'node:fs/promises'
import { EdgeloopError } from '../../lib/errors/index.ts'
import { runService } from '../../lib/service/index.ts'

const { SILENT, NEEDS } = process.env

await runService(async () => {
  setInterval(() => {}, 1000)
  if (SILENT) await new Promise(() => {})
  await access(NEEDS!).catch(() => {
    throw new EdgeloopError('UNAVAILABLE', 'the file is gone', { where: 'here', hint: 'put it back' })
  })
  return { ready: { pid: process.pid }, close: async () => {} }
})
