import { readFile, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { asEdgeloopError, EdgeloopError } from '../../lib/errors/index.ts'
import { type Deployment, deployment } from '../../lib/stack/index.ts'

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
  /** Called with the kept list at start and with each change. */
  apply(functions: Deployment[]): Promise<void>
}

export interface FunctionList {
  /** Resolves once a list, kept or fresh, has been applied. */
  ready: Promise<void>
  close(): Promise<void>
}

/** Learns from the cloud gateway which functions there are, and remembers it. */
export function followFunctionList({
  gateway,
  directory,
  pollMs = 1000,
  apply,
}: FunctionListOptions): FunctionList {
  const file = path.join(directory, 'function-list.json')
  const closing = new AbortController()
  let isReady = () => {}
  const ready = new Promise<void>((resolve) => {
    isReady = resolve
  })

  async function follow(): Promise<void> {
    let applied = await readKept(file)
    if (applied) {
      await apply(kept.parse(JSON.parse(applied)))
      isReady()
    }
    while (!closing.signal.aborted) {
      try {
        const functions = await fetchList(gateway, closing.signal)
        const text = JSON.stringify(functions)
        if (text !== applied) {
          await apply(functions)
          await writeFile(`${file}.part`, text)
          await rename(`${file}.part`, file)
          applied = text
          isReady()
        }
      } catch (thrown) {
        const error = asEdgeloopError(thrown)
        if (error.code !== 'UNAVAILABLE') console.error('function list:', error.message)
      }
      await sleep(pollMs, undefined, { signal: closing.signal }).catch(() => {})
    }
  }

  const following = follow()
  return {
    ready,
    async close() {
      closing.abort()
      await following
    },
  }
}

async function readKept(file: string): Promise<string | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined)
  // A list that cannot be read is learnt anew.
  return text && kept.safeParse(parseJson(text)).success ? text : undefined
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

async function fetchList(gateway: string, signal: AbortSignal): Promise<Deployment[]> {
  const url = new URL('/system/functions', gateway)
  const timeout = AbortSignal.any([signal, AbortSignal.timeout(5000)])
  const response = await fetch(url, { signal: timeout }).catch((cause: unknown) => {
    throw new EdgeloopError('UNAVAILABLE', 'the cloud gateway does not answer', { where: url.href, cause })
  })
  if (!response.ok)
    throw new EdgeloopError('UNAVAILABLE', `the cloud gateway answered ${response.status}`, {
      where: url.href,
    })
  return listed.parse(await response.json())
}
