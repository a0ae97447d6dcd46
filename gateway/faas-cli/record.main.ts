/**
 * Records what the real faas-cli asks of a gateway, for where there is none:
 *
 *     FAAS_CLI=… node --import tsx gateway/faas-cli/record.main.ts
 * @module
 */
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { openLocalGateway } from '../local-gateway.fixture.ts'
import type { RecordedStep } from './recorded.fixture.ts'
import { findFaasCli, runStep, type Session, stepsOf } from './session.fixture.ts'

/** What says something about how faas-cli asks; the rest is the connection's. */
const KEPT = ['authorization', 'content-type', 'user-agent']

const program = await findFaasCli()
if (!program) throw new Error('there is no faas-cli: name one with FAAS_CLI')
const gateway = await openLocalGateway()
const directory = await mkdtemp(path.join(tmpdir(), 'edgeloop-faas-cli-'))
let current: RecordedStep['requests'] = []

const recorder = createServer(async (incoming, outgoing) => {
  const { method = '', url = '' } = incoming
  const body = await text(incoming)
  const all = new Headers(incoming.headers as Record<string, string>)
  const headers = Object.fromEntries(
    KEPT.flatMap((name) => (all.has(name) ? [[name, all.get(name)!.replace(/^Basic .*/, 'Basic …')]] : []))
  )
  const init = { method, headers: incoming.headers as Record<string, string>, body: body || undefined }
  const answer = await fetch(new URL(url, gateway.url), init)
  current.push({ method, url, headers, body, status: answer.status })
  outgoing.writeHead(answer.status, { 'Content-Type': answer.headers.get('content-type') ?? 'text/plain' })
  outgoing.end(Buffer.from(await answer.arrayBuffer()))
}).listen(0, '127.0.0.1')
await once(recorder, 'listening')

const session: Session = {
  program,
  gateway: `http://127.0.0.1:${(recorder.address() as AddressInfo).port}`,
  credentials: gateway.credentials,
  image: 'registry.local/echo:1',
  namespace: 'contract-fn',
  directory,
}
const recorded: RecordedStep[] = []
for (const step of stepsOf(session)) {
  current = []
  const { text, failed } = await runStep(session, step)
  const args = step.args.join(' ')
  if (failed !== (step.fails ?? false) || !step.says.test(text))
    throw new Error(`faas-cli ${args} said:\n${text}`)
  // The time of the recording says nothing.
  for (const request of current)
    request.url = request.url.replace(/since=[^&]*/, 'since=2026-01-02T03%3A04%3A05Z')
  recorded.push({ command: `faas-cli ${args}`, requests: current })
  process.stdout.write(
    `${args}: ${current.map(({ method, url, status }) => `${method} ${url} ${status}`).join(', ')}\n`
  )
}
const target = new URL('recorded.json', import.meta.url)
await writeFile(target, `${JSON.stringify(recorded, null, 2)}\n`)
recorder.close()
await gateway.close()
await rm(directory, { recursive: true, force: true })
