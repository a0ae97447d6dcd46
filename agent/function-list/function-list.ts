import { readFile, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { asEdgeloopError, EdgeloopError } from '../../lib/errors/index.ts'
import { type Deployment, deployment } from '../../lib/stack/index.ts'
import { createAlarm, withDeadline } from '../../lib/waiting/index.ts'

/** The cloud gateway's list, as far as a node needs it. */
const listed = z.array(
  deployment
    .omit({ service: true })
    .extend({ name: z.string() })
    .transform(({ name, ...rest }): Deployment => ({ service: name, ...rest }))
)
const kept = z.array(deployment)

export interface FunctionListOptions {
  /** The cloud gateway. */
  gateway: string
  /** Where the list is kept for when the gateway is out of reach. */
  directory: string
  pollMs?: number
  /**
   * Called with the kept list at start and with each change.
   * @returns what could not be applied, a sentence each; it is called again until there is nothing
   */
  apply(functions: Deployment[]): Promise<string[]>
}

export interface FunctionList {
  /** Resolves once a list, kept or fresh, has been applied; rejects when it is closed before. */
  ready: Promise<void>
  close(): Promise<void>
}

const TIMEOUT_MS = 5000

/** Learns from the cloud gateway which functions there are, and remembers it. */
export function followFunctionList(options: FunctionListOptions): FunctionList {
  const { gateway, pollMs = 1000, apply } = options
  const file = path.join(options.directory, 'function-list.json')
  const closing = new AbortController()
  const alarm = createAlarm()
  let isReady = () => {}
  let isClosed = (_reason: EdgeloopError) => {}
  const ready = new Promise<void>((resolve, reject) => {
    isReady = resolve
    isClosed = reject
  })
  // Whoever waits for it sees it.
  ready.catch(() => {})
  let complaint = ''

  /** Says the same thing once, however often it is tried. */
  function complain(about: string): void {
    if (about !== '' && about !== complaint) console.error('function list:', about)
    complaint = about
  }

  async function follow(): Promise<void> {
    let current = await readKept(file)
    let pending = current !== undefined
    while (!closing.signal.aborted) {
      try {
        if (pending && current) pending = await take(current)
        const fresh = await fetchList(gateway, closing.signal)
        const text = JSON.stringify(fresh)
        if (text !== JSON.stringify(current)) {
          current = fresh
          pending = await take(fresh)
          await keep(file, text)
        }
      } catch (thrown) {
        const error = asEdgeloopError(thrown)
        // Being out of reach is an ordinary state of an edge.
        if (error.code !== 'UNAVAILABLE') complain(error.message)
      }
      if (!closing.signal.aborted) await alarm.wait(pollMs)
    }
    isClosed(new EdgeloopError('UNAVAILABLE', 'stopped before the cloud gateway had said what runs here'))
  }

  /** @returns whether something of it has to be tried again */
  async function take(functions: Deployment[]): Promise<boolean> {
    const problems = await apply(functions)
    complain(problems.join('; '))
    isReady()
    return problems.length > 0
  }

  const following = follow()
  return {
    ready,
    async close() {
      closing.abort()
      alarm.ring()
      await following
    },
  }
}

async function readKept(file: string): Promise<Deployment[] | undefined> {
  try {
    return kept.parse(JSON.parse(await readFile(file, 'utf8')))
  } catch {
    // A list that cannot be read is learnt anew.
    return undefined
  }
}

async function keep(file: string, text: string): Promise<void> {
  await writeFile(`${file}.part`, text, { flush: true })
  await rename(`${file}.part`, file)
}

async function fetchList(gateway: string, closing: AbortSignal): Promise<Deployment[]> {
  const url = new URL('/system/functions', gateway)
  const unreachable = (why: string, cause?: unknown) =>
    new EdgeloopError('UNAVAILABLE', `the cloud gateway ${why}`, { where: url.href, cause })
  const { status, text } = await withDeadline(closing, TIMEOUT_MS, async (signal) => {
    const response = await fetch(url, { signal })
    return { status: response.status, text: await response.text() }
  }).catch((cause: unknown) => {
    throw unreachable('does not answer', cause)
  })
  if (status !== 200) throw unreachable(`answered ${status}`)
  const parsed = listed.safeParse(parseJson(text))
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]!
  throw new EdgeloopError(
    'CORRUPT',
    `${url.href} does not answer with a list of functions: ${issue.path.join('.')}: ${issue.message}`,
    { where: url.href }
  )
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
