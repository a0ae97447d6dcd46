import { z } from 'zod'
import { type DeadLetter, deadLetterPage } from '../../../lib/edge-status/index.ts'
import { EdgeloopError, type ErrorCode } from '../../../lib/errors/index.ts'
import type { RunningPlatform } from '../../../platform/index.ts'
import { type Failure, failureOf } from './failures.ts'

/** A dead letter and whose it is: its id is `PLACE/FUNCTION/SEQUENCE` here. */
export type PlacedLetter = DeadLetter & { place: string }

const TIMEOUT_MS = 5000
const refusal = z.object({
  error: z.string(),
  code: z.string(),
  where: z.string().optional(),
  hint: z.string().optional(),
})

/** The cloud's and the edges' dead letters, by their HTTP API. */
export function deadLetterClient({ gateway, edges }: RunningPlatform) {
  const places = new Map([['cloud', gateway], ...edges.map((edge) => [edge.name, edge.gateway] as const)])

  async function ask(place: string, path: string, method = 'GET'): Promise<unknown> {
    const url = new URL(`/dead-letters${path}`, addressOf(place))
    const response = await fetch(url, { method, signal: AbortSignal.timeout(TIMEOUT_MS) }).catch((cause) => {
      throw new EdgeloopError('UNAVAILABLE', `${place} does not answer`, {
        where: url.origin,
        hint: 'see edgeloop status; its dead letters are on its disk, for when it runs again',
        cause,
      })
    })
    if (response.ok) return response.json()
    const said = refusal.safeParse(await response.json().catch(() => undefined)).data
    throw new EdgeloopError((said?.code as ErrorCode) ?? 'UNAVAILABLE', said?.error ?? `${response.status}`, {
      where: said?.where,
      hint: said?.hint,
    })
  }

  function addressOf(place: string): string {
    const address = places.get(place)
    if (address) return address
    throw new EdgeloopError('NOT_FOUND', `there is no ${place} here`, {
      hint: `there are: ${[...places.keys()].join(', ')}`,
    })
  }

  /** Oldest first within a function. */
  async function listAt(place: string): Promise<PlacedLetter[]> {
    const letters: PlacedLetter[] = []
    for (let after = ''; ; ) {
      const page = deadLetterPage.parse(await ask(place, after && `?after=${encodeURIComponent(after)}`))
      letters.push(...page.deadLetters.map((letter) => ({ ...letter, id: `${place}/${letter.id}`, place })))
      if (page.next === null) return letters
      after = page.next
    }
  }

  const at = (id: string, method?: string, action = '') => {
    const [, place, own] = /^([^/]+)\/([^/]+\/\d+)$/.exec(id) ?? []
    if (place && own) return ask(place, `/${own}${action}`, method)
    throw new EdgeloopError('INVALID_INPUT', `"${id}" is no dead letter's id`, {
      hint: 'one looks like edge-1/classify/42: see edgeloop dead-letters list',
    })
  }

  return {
    listAt,
    /** One place that does not answer keeps nobody from seeing the others' letters. */
    async list(place?: string): Promise<{ letters: PlacedLetter[]; failed: Failure[] }> {
      const asked = place === undefined ? [...places.keys()] : [place]
      const answers = await Promise.allSettled(asked.map(listAt))
      return {
        letters: answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : [])),
        failed: answers.flatMap((answer, i) =>
          answer.status === 'rejected' ? [failureOf(asked[i]!, answer.reason)] : []
        ),
      }
    },
    show: (id: string) => at(id),
    replay: (id: string) => at(id, 'POST', '/replay'),
    discard: (id: string) => at(id, 'DELETE'),
  }
}
