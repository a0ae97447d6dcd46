import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { asEdgeloopError, EdgeloopError } from '../../../lib/errors/index.ts'
import { deployment } from '../../../lib/stack/index.ts'
import { createAlarm, withDeadline } from '../../../lib/waiting/index.ts'
import { writeWhole } from '../../../lib/whole-file/index.ts'

/** A function of a place, as the cloud's gateway lists it: what was asked for, without how it is doing. */
const listed = deployment.omit({ service: true }).extend({
  name: deployment.shape.service,
  createdAt: z.string(),
  port: z.int().positive().optional(),
  disabled: z.boolean().optional(),
})
const list = z.array(listed)

export type ListedFunction = z.infer<typeof listed>

export interface FunctionListOptions {
  /** The cloud's gateway. */
  gateway: string
  /** Whose functions: an edge's name, or `cloud`. */
  place: string
  /** The `Authorization` header that the gateway asks for, where it does. */
  authorization?: string
  /** Where the list is kept for when the gateway is out of reach. */
  directory: string
  /** How often the gateway is asked without a reason, in milliseconds. */
  pollMs?: number
  /**
   * Called with the kept list at start and with each change.
   * @returns what could not be applied, a sentence each; it is called again until there is nothing
   */
  apply(functions: readonly ListedFunction[]): Promise<string[]>
}

export interface FunctionList {
  /**
   * The functions of the place.
   * @throws EdgeloopError UNAVAILABLE before a list, kept or fresh, has been applied
   */
  functions(): readonly ListedFunction[]
  /** Asks the gateway at once: there is a reason. */
  look(): void
  close(): Promise<void>
}

const TIMEOUT_MS = 5000
/** There are hints; and what nobody was told of may wait a little. */
const POLL_MS = 10_000
/** While nothing is known, or something has to be tried again, in milliseconds. */
const SOON_MS = 500

/** Learns from the cloud's gateway which functions a place has, and remembers it. */
export function followFunctionList(options: FunctionListOptions): FunctionList {
  const { gateway, place, pollMs = POLL_MS, apply } = options
  const file = path.join(options.directory, 'function-list.json')
  const closing = new AbortController()
  const alarm = createAlarm()
  let applied: readonly ListedFunction[] | undefined
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
        const fresh = await fetchList(options, closing.signal)
        const text = JSON.stringify(fresh)
        if (text !== JSON.stringify(current)) {
          current = fresh
          pending = await take(fresh)
          await writeWhole(file, text)
        }
      } catch (thrown) {
        const error = asEdgeloopError(thrown)
        // Being out of reach is an ordinary state of an edge.
        if (error.code !== 'UNAVAILABLE') complain(error.message)
      }
      const soon = pending || applied === undefined
      if (!closing.signal.aborted) await alarm.wait(soon ? Math.min(SOON_MS, pollMs) : pollMs)
    }
  }

  /** @returns whether something of it has to be tried again */
  async function take(functions: readonly ListedFunction[]): Promise<boolean> {
    const problems = await apply(functions)
    complain(problems.join('; '))
    applied = functions
    return problems.length > 0
  }

  const following = follow()
  return {
    functions() {
      if (applied) return applied
      throw new EdgeloopError('UNAVAILABLE', `the cloud gateway has not said yet what runs at ${place}`, {
        where: gateway,
      })
    },
    look: () => alarm.ring(),
    async close() {
      closing.abort()
      alarm.ring()
      await following
    },
  }
}

async function readKept(file: string): Promise<ListedFunction[] | undefined> {
  try {
    return list.parse(JSON.parse(await readFile(file, 'utf8')))
  } catch {
    // A list that cannot be read is learnt anew.
    return undefined
  }
}

async function fetchList(
  { gateway, place, authorization }: FunctionListOptions,
  closing: AbortSignal
): Promise<ListedFunction[]> {
  const url = new URL(`/system/places/${place}/functions`, gateway)
  const where = url.href
  const headers: HeadersInit = authorization === undefined ? {} : { Authorization: authorization }
  const { status, text } = await withDeadline(closing, TIMEOUT_MS, async (signal) => {
    const response = await fetch(url, { headers, signal })
    return { status: response.status, text: await response.text() }
  }).catch((cause: unknown) => {
    throw new EdgeloopError('UNAVAILABLE', 'the cloud gateway does not answer', { where, cause })
  })
  if (status !== 200) {
    const code = status >= 500 ? 'UNAVAILABLE' : status === 401 ? 'UNAUTHENTICATED' : 'MISCONFIGURED'
    throw new EdgeloopError(code, `${where} answers ${status}: ${text.slice(0, 500)}`, { where })
  }
  const parsed = list.safeParse(parseJson(text))
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]!
  throw new EdgeloopError(
    'CORRUPT',
    `${where} does not answer with a list of functions: ${issue.path.join('.')}: ${issue.message}`,
    { where }
  )
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
